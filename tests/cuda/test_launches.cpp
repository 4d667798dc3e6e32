/* Blocks and threads of a launch: barriers, shuffles, shared memory, atomics, what is refused. */
#include "test.h"

#include "cuda_bf16.h"

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

void test_barriers()
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

void test_shuffles()
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

void test_blocks()
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

void test_arithmetic()
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

void test_bfloat16()
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

void test_configurations()
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
