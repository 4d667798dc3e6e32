/* What the emulated device's own tests share. */
#ifndef EMULATED_CUDA_TEST_H
#define EMULATED_CUDA_TEST_H

#include <stdio.h>
#include <stdlib.h>

#include <vector>

#include "cuda_runtime.h"

/* ends the program with the place and the text of what does not hold */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define OK(call) CHECK((call) == cudaSuccess)

template <typename T> T *device_array(size_t count)
{
    T *array;
    OK(cudaMalloc(&array, count * sizeof(T)));
    return array;
}

template <typename T> T *device_copy(const std::vector<T> &values)
{
    T *array = device_array<T>(values.size());
    OK(cudaMemcpy(array, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
    return array;
}

/* what the device array holds, when all work is done */
template <typename T> std::vector<T> host_copy(const T *array, size_t count)
{
    std::vector<T> values(count);
    OK(cudaDeviceSynchronize());
    OK(cudaMemcpy(values.data(), array, count * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
}

/* numbers between -1 and 1 */
static inline std::vector<float> random_values(size_t count, unsigned int seed)
{
    std::vector<float> values(count);
    for (float &value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
    }
    return values;
}

void test_convolutions();
void test_fft();

#endif
