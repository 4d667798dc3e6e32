/* test-cuda NAME: one check of the emulated CUDA device, or one way to be stopped by it. */
#include "test.h"

#include <stdint.h>
#include <string.h>

#include "cuda_bf16.h"

static cudaLaunchConfig_t config(dim3 grid, dim3 block, cudaStream_t stream = nullptr)
{
    cudaLaunchConfig_t c = {};
    c.gridDim = grid;
    c.blockDim = block;
    c.stream = stream;
    return c;
}

template <typename... P, typename... A>
static void launch(dim3 grid, dim3 block, cudaStream_t stream, void (*kernel)(P...), A... arguments)
{
    const cudaLaunchConfig_t c = config(grid, block, stream);
    OK(cudaLaunchKernelEx(&c, kernel, arguments...));
}

/* ---- kernels --------------------------------------------------------------------------------- */

/* out[i] += 1 */
__global__ void increment(float *out, size_t n)
{
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        out[i] += 1.0f;
}

/* the block's threads turned round by one, twice: through shared memory */
__global__ void __launch_bounds__(64) rotate(int *out)
{
    __shared__ int held[64];
    const int n = (int)blockDim.x, t = (int)threadIdx.x;
    held[t] = t;
    __syncthreads();
    const int next = held[(t + 1) % n], previous = held[(t + n - 1) % n];
    __syncthreads();
    held[t] = next * 100 + previous;
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = held[(t + 1) % n];
}

/* like rotate(), without the barrier that it needs */
__global__ void careless_rotate(int *out)
{
    __shared__ int held[64];
    held[threadIdx.x] = (int)threadIdx.x;
    out[threadIdx.x] = held[(threadIdx.x + blockDim.x - 1) % blockDim.x];
    __syncthreads();
    held[threadIdx.x] = -1;
}

template <typename T> __device__ T warp_sum(T value)
{
    for (int delta = 16; delta > 0; delta /= 2)
        value += __shfl_down_sync(0xffffffffu, value, delta);
    return value;
}

template <typename T> __global__ void sum(const T *values, size_t n, T *out)
{
    __shared__ T parts[32];
    T value = 0;
    for (size_t i = threadIdx.x; i < n; i += blockDim.x)
        value += values[i];
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0)
        parts[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x < 32) {
        value = warp_sum(threadIdx.x < blockDim.x / 32 ? parts[threadIdx.x] : T(0));
        if (threadIdx.x == 0)
            *out = value;
    }
}

__global__ void shuffles(int *out)
{
    const int t = (int)threadIdx.x;
    out[t] = __shfl_sync(0xffffffffu, t, 5);
    out[t + 32] = __shfl_xor_sync(0xffffffffu, t, 3);
    out[t + 64] = __shfl_up_sync(0xffffffffu, t, 1);
    out[t + 96] = __shfl_down_sync(0xffffffffu, t, 2, 8);
    if (t < 8) /* some lanes only */
        out[t + 128] = __shfl_xor_sync(0xffu, t, 7);
    __syncwarp();
}

__global__ void order_of_blocks(unsigned int *next, unsigned int *place)
{
    place[blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z)] = atomicAdd(next, 1u);
}

__global__ void atomics(float *f, double *d, unsigned long long *u, int *most, unsigned int *top)
{
    atomicAdd(f, 1.0f);
    atomicAdd(d, 0.5);
    atomicAdd(u, 1ull);
    atomicMax(most, (int)threadIdx.x - 100);
    atomicMax(top, threadIdx.x);
}

template <typename F> __global__ void for_each(size_t n, F f)
{
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        f(i);
}

__global__ void set_at(float *out, int i)
{
    out[i] = 1.0f;
}

__global__ void divergent_barrier()
{
    if (threadIdx.x < 5)
        __syncthreads();
}

__global__ void divergent_shuffle(float *out)
{
    if (threadIdx.x < 5)
        *out = __shfl_down_sync(0xffffffffu, 1.0f, 1);
    else
        __syncthreads();
}

/* ---- launches -------------------------------------------------------------------------------- */

static void test_barriers()
{
    int *out = device_array<int>(3 * 64);
    launch(3, 64, nullptr, rotate, out);
    const std::vector<int> got = host_copy(out, 3 * 64);
    for (int i = 0; i < 3 * 64; i++) {
        const int t = (i + 1) % 64;
        CHECK(got[(size_t)i] == (t + 1) % 64 * 100 + (t + 63) % 64);
    }
    launch(1, 64, nullptr, careless_rotate, out);
    const std::vector<int> wrong = host_copy(out, 64);
    int right = 0;
    for (int i = 0; i < 64; i++)
        right += wrong[(size_t)i] == (i + 63) % 64;
    CHECK(right < 64); /* a missing barrier is seen */
    OK(cudaFree(out));
}

template <typename T> static void test_sum(size_t n, unsigned int threads)
{
    std::vector<T> values(n);
    T expected = 0;
    for (size_t i = 0; i < n; i++)
        expected += values[i] = (T)(i % 17);
    T *in = device_copy(values), *out = device_array<T>(1);
    launch(1, threads, nullptr, sum<T>, in, n, out);
    CHECK(host_copy(out, 1)[0] == expected);
    OK(cudaFree(in));
    OK(cudaFree(out));
}

static void test_shuffles()
{
    test_sum<float>(1000, 256);
    test_sum<double>(999, 1024);
    test_sum<int>(77, 32);
    int *out = device_array<int>(136);
    launch(1, 32, nullptr, shuffles, out);
    const std::vector<int> got = host_copy(out, 136);
    for (int t = 0; t < 32; t++) {
        CHECK(got[(size_t)t] == 5);
        CHECK(got[(size_t)t + 32] == (t ^ 3));
        CHECK(got[(size_t)t + 64] == (t ? t - 1 : 0));
        CHECK(got[(size_t)t + 96] == (t % 8 < 6 ? t + 2 : t));
    }
    for (int t = 0; t < 8; t++)
        CHECK(got[(size_t)t + 128] == (t ^ 7));
    OK(cudaFree(out));
}

static void test_blocks()
{
    unsigned int *next = device_copy(std::vector<unsigned int>{0});
    unsigned int *place = device_array<unsigned int>(60);
    launch(dim3(5, 4, 3), 1, nullptr, order_of_blocks, next, place);
    const std::vector<unsigned int> got = host_copy(place, 60);
    std::vector<int> seen(60);
    bool in_order = true;
    for (unsigned int i = 0; i < 60; i++) {
        CHECK(got[i] < 60 && !seen[got[i]]++);
        in_order = in_order && got[i] == i;
    }
    CHECK(!in_order);
    OK(cudaFree(next));
    OK(cudaFree(place));
}

static void test_arithmetic()
{
    float *f = device_copy(std::vector<float>{0});
    double *d = device_copy(std::vector<double>{0});
    unsigned long long *u = device_copy(std::vector<unsigned long long>{1ull << 40});
    int *most = device_copy(std::vector<int>{-1000});
    unsigned int *top = device_copy(std::vector<unsigned int>{7});
    launch(2, 96, nullptr, atomics, f, d, u, most, top);
    CHECK(host_copy(f, 1)[0] == 192.0f && host_copy(d, 1)[0] == 96.0);
    CHECK(host_copy(u, 1)[0] == (1ull << 40) + 192);
    CHECK(host_copy(most, 1)[0] == -5 && host_copy(top, 1)[0] == 95);
    const float scale = 3.0f;
    launch(
        2, 32, nullptr, for_each<void (*)(size_t)>, (size_t)0, +[](size_t) {});
    const auto body = [=] __device__(size_t i) {
        if (i == 40)
            *f = fmaf(scale, rsqrtf(4.0f), __int_as_float(__float_as_int(1.0f))) +
                 (float)__umulhi(0x80000000u, 6u);
    };
    launch(2, 32, nullptr, for_each<decltype(body)>, (size_t)41, body);
    CHECK(host_copy(f, 1)[0] == 5.5f);
    for (void *array : {(void *)f, (void *)d, (void *)u, (void *)most, (void *)top})
        OK(cudaFree(array));
}

static void test_bfloat16()
{
    CHECK(sizeof(__nv_bfloat16) == 2);
    CHECK(__bfloat162float(__float2bfloat16(1.0f)) == 1.0f);
    const float ulp = 1.0f / 128.0f;                                      /* of 1 */
    CHECK(__bfloat162float(__float2bfloat16(1.0f + ulp * 0.5f)) == 1.0f); /* ties to even */
    CHECK(__bfloat162float(__float2bfloat16(1.0f + ulp * 1.5f)) == 1.0f + 2 * ulp);
    CHECK(__bfloat162float(__float2bfloat16(1.0f + ulp * 0.51f)) == 1.0f + ulp);
    CHECK(std::isinf(__bfloat162float(__float2bfloat16(3.4e38f))));
    CHECK(std::isnan(__bfloat162float(__float2bfloat16(NAN))));
}

static void test_configurations()
{
    float *out = device_array<float>(1);
    const dim3 grids[] = {0, dim3(1, 65536), 1, 1, 1};
    const dim3 blocks[] = {1, 1, 0, 1025, dim3(32, 33)};
    for (int i = 0; i < 5; i++) {
        const cudaLaunchConfig_t c = config(grids[i], blocks[i]);
        CHECK(cudaLaunchKernelEx(&c, increment, out, 1) == cudaErrorInvalidConfiguration);
        CHECK(cudaPeekAtLastError() == cudaErrorInvalidConfiguration);
        CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
        CHECK(cudaGetLastError() == cudaSuccess);
    }
    OK(cudaFree(out));
}

/* ---- streams --------------------------------------------------------------------------------- */

static cudaStream_t new_stream()
{
    cudaStream_t stream;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
}

static cudaEvent_t new_event()
{
    cudaEvent_t event;
    OK(cudaEventCreate(&event));
    return event;
}

static void test_laziness()
{
    cudaStream_t stream = new_stream();
    float *array = device_array<float>(4), *pinned, pageable[4] = {1, 2, 3, 4};
    OK(cudaMallocHost(&pinned, 4 * sizeof(float)));
    /* pinned memory is read and written when the work is done, and not before */
    pinned[0] = 10;
    OK(cudaMemcpyAsync(array, pinned, 4, cudaMemcpyHostToDevice, stream));
    launch(1, 1, stream, increment, array, 1);
    OK(cudaMemcpyAsync(pinned + 1, array, 4, cudaMemcpyDeviceToHost, stream));
    pinned[0] = 20;
    CHECK(std::isnan(pinned[1]));
    OK(cudaMemcpy(pageable, array, 4, cudaMemcpyDeviceToHost)); /* waits not for that stream */
    CHECK(std::isnan(pageable[0]));
    OK(cudaStreamSynchronize(stream));
    CHECK(pinned[1] == 21);
    /* pageable memory is read at once, and written before the call returns */
    pageable[0] = 5;
    OK(cudaMemcpyAsync(array, pageable, 4, cudaMemcpyHostToDevice, stream));
    pageable[0] = 6;
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady); /* but not yet written */
    launch(1, 1, stream, increment, array, 1);
    OK(cudaMemcpyAsync(pageable + 1, array, 4, cudaMemcpyDeviceToHost, stream));
    CHECK(pageable[1] == 6);
    /* memset; who asks again and again comes to an end */
    OK(cudaMemsetAsync(array, 0, 4, stream));
    launch(1, 1, stream, increment, array, 1);
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    CHECK(cudaStreamQuery(stream) == cudaSuccess);
    CHECK(cudaGetLastError() == cudaSuccess);
    CHECK(host_copy(array, 1)[0] == 1);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
    OK(cudaStreamDestroy(stream));
    CHECK(cudaStreamSynchronize(stream) == cudaErrorInvalidResourceHandle);
}

static void test_events()
{
    cudaStream_t first = new_stream(), second = new_stream();
    cudaEvent_t event = new_event(), later = new_event();
    float *array = device_copy(std::vector<float>{0, 0}), *pinned;
    OK(cudaMallocHost(&pinned, 2 * sizeof(float)));
    launch(1, 1, first, increment, array, 1);
    OK(cudaEventRecord(event, first));
    launch(1, 1, first, increment, array, 1);
    OK(cudaStreamWaitEvent(second, event));
    OK(cudaMemcpyAsync(pinned, array, 4, cudaMemcpyDeviceToHost, second));
    CHECK(cudaEventQuery(event) == cudaErrorNotReady);
    OK(cudaStreamSynchronize(second));
    CHECK(pinned[0] == 1); /* what was queued before the event, and no more */
    OK(cudaEventQuery(event));
    OK(cudaEventRecord(later, first));
    float milliseconds = -1;
    CHECK(cudaEventElapsedTime(&milliseconds, event, later) == cudaErrorNotReady);
    OK(cudaEventSynchronize(later));
    OK(cudaEventElapsedTime(&milliseconds, event, later));
    CHECK(milliseconds >= 0);
    CHECK(host_copy(array, 1)[0] == 2);
    OK(cudaStreamDestroy(first));
    OK(cudaStreamDestroy(second));
    OK(cudaEventDestroy(event));
    OK(cudaEventDestroy(later));
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
}

/* The default stream and blocking streams wait for each other. */
static void test_default_stream()
{
    cudaStream_t stream;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamDefault));
    float *array = device_copy(std::vector<float>{0}), got = -1;
    launch(1, 1, nullptr, increment, array, 1);
    launch(1, 1, stream, increment, array, 1);
    launch(1, 1, nullptr, increment, array, 1);
    OK(cudaMemcpy(&got, array, 4, cudaMemcpyDeviceToHost));
    CHECK(got == 3);
    launch(1, 1, stream, increment, array, 1);
    OK(cudaStreamDestroy(stream)); /* its work is done all the same */
    CHECK(host_copy(array, 1)[0] == 4);
    OK(cudaFree(array));
}

/* ---- capture --------------------------------------------------------------------------------- */

static void begin(cudaStream_t stream)
{
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
}

static cudaGraphExec_t end(cudaStream_t stream)
{
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphDestroy(graph));
    return exec;
}

static void test_replay()
{
    cudaStream_t stream = new_stream(), side = new_stream();
    cudaEvent_t fork = new_event(), join = new_event();
    float *array = device_copy(std::vector<float>{0, 0}), *pinned;
    cudaStreamCaptureStatus status;
    OK(cudaMallocHost(&pinned, 4));
    begin(stream);
    OK(cudaStreamIsCapturing(stream, &status));
    CHECK(status == cudaStreamCaptureStatusActive);
    size_t n = 1;
    OK(cudaMemcpyAsync(array, pinned, 4, cudaMemcpyHostToDevice, stream));
    OK(cudaEventRecord(fork, stream));
    OK(cudaStreamWaitEvent(side, fork));
    launch(1, 1, side, increment, array, n);
    OK(cudaEventRecord(join, side));
    OK(cudaStreamWaitEvent(stream, join));
    launch(1, 1, stream, increment, array, n);
    n = 2; /* the recorded arguments count */
    cudaGraphExec_t exec = end(stream);
    OK(cudaStreamIsCapturing(stream, &status));
    CHECK(status == cudaStreamCaptureStatusNone);
    CHECK(host_copy(array, 2)[0] == 0); /* nothing was done yet */
    for (int i = 0; i < 3; i++) {
        pinned[0] = (float)i;
        OK(cudaGraphLaunch(exec, stream));
        OK(cudaStreamSynchronize(stream));
        const std::vector<float> got = host_copy(array, 2);
        CHECK(got[0] == (float)i + 2 && got[1] == 0);
    }
    OK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphLaunch(exec, stream) == cudaErrorInvalidValue);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
}

/* What a capture forbids spoils it. */
static void test_capture_refuses()
{
    cudaStream_t stream = new_stream(), other = new_stream();
    cudaEvent_t event = new_event(), outside = new_event();
    float *array = device_array<float>(1), *pinned, *more, pageable;
    OK(cudaMallocHost(&pinned, 4));
    OK(cudaEventRecord(outside, other));
    const std::function<cudaError_t()> calls[] = {
        [&] { return cudaStreamSynchronize(stream); },
        [&] { return cudaStreamQuery(stream); },
        [&] { return cudaDeviceSynchronize(); },
        [&] { return cudaMalloc(&more, 4); },
        [&] { return cudaFree(array); },
        [&] { return cudaMallocHost(&more, 4); },
        [&] { return cudaFreeHost(pinned); },
        [&] { return cudaMemcpy(array, pinned, 4, cudaMemcpyHostToDevice); },
        [&] { return cudaMemset(array, 0, 4); },
        [&] { return cudaEventQuery(outside); },
        [&] { return cudaEventSynchronize(outside); },
        [&] { return cudaMemcpyAsync(&pageable, array, 4, cudaMemcpyDeviceToHost, stream); },
    };
    for (const auto &call : calls) {
        cudaStreamCaptureStatus status;
        cudaGraph_t graph;
        begin(stream);
        launch(1, 1, stream, increment, array, 1);
        CHECK(call() == cudaErrorStreamCaptureUnsupported);
        OK(cudaStreamIsCapturing(stream, &status));
        CHECK(status == cudaStreamCaptureStatusInvalidated);
        CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
        CHECK(!graph);
    }
    cudaGraph_t graph;
    begin(stream);
    OK(cudaEventRecord(event, stream));
    CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    begin(stream);
    CHECK(cudaStreamWaitEvent(stream, outside) == cudaErrorStreamCaptureIsolation);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    begin(stream);
    OK(cudaEventRecord(event, stream));
    OK(cudaStreamWaitEvent(other, event));
    launch(1, 1, other, increment, array, 1);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureUnjoined);
    CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal) ==
          cudaErrorStreamCaptureUnsupported);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
}

/* ---- memory, environment --------------------------------------------------------------------- */

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

/* ---- ways to be stopped ---------------------------------------------------------------------- */

static void touch_device_memory()
{
    volatile float *array = device_array<float>(1);
    array[0] = 1;
}

static void write_past_the_end()
{
    float *array = device_array<float>(100);
    launch(1, 101, nullptr, increment, array, (size_t)101);
    OK(cudaDeviceSynchronize());
}

static void write_before_the_begin()
{
    float *array = device_array<float>(100);
    launch(1, 1, nullptr, set_at, array, -1);
    OK(cudaFree(array));
}

static void give_host_memory()
{
    float value = 0;
    launch(1, 1, nullptr, increment, &value, 1);
    OK(cudaDeviceSynchronize());
}

static void capture_host_memory()
{
    const float value = 0, *host = &value;
    float *out = device_array<float>(1);
    const auto body = [=] __device__(size_t i) { out[i] = *host; };
    launch(1, 1, nullptr, for_each<decltype(body)>, (size_t)1, body);
    OK(cudaDeviceSynchronize());
}

static void use_other_device()
{
    OK(cudaSetDevice(1));
    cudaStream_t stream = new_stream();
    float *array = device_array<float>(1);
    OK(cudaSetDevice(0));
    const cudaLaunchConfig_t c = config(1, 1, stream);
    CHECK(cudaLaunchKernelEx(&c, increment, array, 1) == cudaErrorInvalidResourceHandle);
    launch(1, 1, nullptr, increment, array, 1);
    OK(cudaDeviceSynchronize());
}

static void use_freed_memory()
{
    cudaStream_t stream = new_stream();
    float *array = device_array<float>(1);
    begin(stream);
    launch(1, 1, stream, increment, array, 1);
    cudaGraphExec_t exec = end(stream);
    OK(cudaFree(array));
    OK(cudaGraphLaunch(exec, stream));
    OK(cudaStreamSynchronize(stream));
}

static void diverge_at_barrier()
{
    launch(1, 32, nullptr, divergent_barrier);
    OK(cudaDeviceSynchronize());
}

static void diverge_at_shuffle()
{
    launch(1, 32, nullptr, divergent_shuffle, device_array<float>(1));
    OK(cudaDeviceSynchronize());
}

static void leak()
{
    device_array<float>(25);
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
