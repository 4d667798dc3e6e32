/* test-cuda NAME: one check of the emulated CUDA device, or one way to be stopped by it. */
#include "test.h"

#include <stdint.h>
#include <string.h>

static void test_memory()
{
    unsigned char *small = device_array<unsigned char>(7);
    float *array = device_array<float>(100);
    CHECK((uintptr_t)small % 256 == 0 && (uintptr_t)array % 256 == 0);
    for (float value : host_copy(array, 100))
        CHECK(std::isnan(value));
    size_t available, total, after;
    OK(cudaMemGetInfo(&available, &total));
    CHECK(available == total - 256 - 512);
    OK(cudaFree(array));
    OK(cudaMemGetInfo(&after, &total));
    CHECK(after == available + 512);
    OK(cudaFree(nullptr));
    CHECK(cudaFree(array) == cudaErrorInvalidValue);
    CHECK(cudaMemcpy(small, small, 1, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    void *large;
    CHECK(cudaMalloc(&large, after + 1) == cudaErrorMemoryAllocation);
    CHECK(!large && cudaGetLastError() == cudaErrorMemoryAllocation);
    OK(cudaFree(small));
}

/* prints what the environment makes of the device */
static void show_device()
{
    int count = -1, driver, runtime;
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceCount(&count);
    OK(cudaDriverGetVersion(&driver));
    OK(cudaRuntimeGetVersion(&runtime));
    printf("%s %d %s", cudaGetErrorName(error), count, driver < runtime ? "old" : "new");
    if (!error) {
        size_t available, total;
        OK(cudaSetDevice(count - 1));
        OK(cudaMemGetInfo(&available, &total));
        OK(cudaGetDeviceProperties(&properties, count - 1));
        CHECK(cudaSetDevice(count) == cudaErrorInvalidDevice);
        CHECK(properties.totalGlobalMem == total);
        printf(" %zu", available);
    }
    void *array;
    printf(" %s\n", cudaGetErrorName(cudaMalloc(&array, 2000000)));
}

static const struct {
    const char *name;
    void (*run)();
} tests[] = {
    {"barriers", test_barriers},
    {"shuffles", test_shuffles},
    {"blocks", test_blocks},
    {"arithmetic", test_arithmetic},
    {"bfloat16", test_bfloat16},
    {"configurations", test_configurations},
    {"laziness", test_laziness},
    {"events", test_events},
    {"default-stream", test_default_stream},
    {"replay", test_replay},
    {"capture-refuses", test_capture_refuses},
    {"memory", test_memory},
    {"convolutions", test_convolutions},
    {"fft", test_fft},
    {"device", show_device},
    {"touch", touch_device_memory},
    {"past-the-end", write_past_the_end},
    {"before-the-begin", write_before_the_begin},
    {"host-memory", give_host_memory},
    {"captured-host-memory", capture_host_memory},
    {"other-device", use_other_device},
    {"freed-memory", use_freed_memory},
    {"divergent-barrier", diverge_at_barrier},
    {"divergent-shuffle", diverge_at_shuffle},
    {"leak", leak},
};

int main(int argc, char **argv)
{
    for (const auto &test : tests)
        if (argc == 2 && strcmp(argv[1], test.name) == 0) {
            test.run();
            return 0;
        }
    fprintf(stderr, "usage: test-cuda NAME\n");
    return 2;
}
