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

static inline cudaLaunchConfig_t config(dim3 grid, dim3 block, cudaStream_t stream = nullptr)
{
    cudaLaunchConfig_t c = {};
    c.gridDim = grid;
    c.blockDim = block;
    c.stream = stream;
    return c;
}

template <typename... P, typename... A>
void launch(dim3 grid, dim3 block, cudaStream_t stream, void (*kernel)(P...), A... arguments)
{
    const cudaLaunchConfig_t c = config(grid, block, stream);
    OK(cudaLaunchKernelEx(&c, kernel, arguments...));
}

/* out[i] += 1 */
__global__ void increment(float *out, size_t n);

template <typename F> __global__ void for_each(size_t n, F f)
{
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        f(i);
}

static inline cudaStream_t new_stream()
{
    cudaStream_t stream;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
}

static inline cudaEvent_t new_event()
{
    cudaEvent_t event;
    OK(cudaEventCreate(&event));
    return event;
}

static inline void begin(cudaStream_t stream)
{
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
}

static inline cudaGraphExec_t end(cudaStream_t stream)
{
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphDestroy(graph));
    return exec;
}

void test_barriers();
void test_shuffles();
void test_blocks();
void test_arithmetic();
void test_bfloat16();
void test_configurations();
void test_laziness();
void test_events();
void test_default_stream();
void test_replay();
void test_capture_refuses();
void test_convolutions();
void test_fft();

void touch_device_memory();
void write_past_the_end();
void write_before_the_begin();
void give_host_memory();
void capture_host_memory();
void use_other_device();
void use_freed_memory();
void diverge_at_barrier();
void diverge_at_shuffle();
void leak();

#endif
