/* What CUDA code says on the device, in C++: vectors, indices, launches, barriers, shuffles,
 * atomics and arithmetic. Included by cuda_runtime.h. */
#ifndef EMULATED_DEVICE_H
#define EMULATED_DEVICE_H

#include <cmath>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __shared__      static /* blocks run one after the other */
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

/* ---- vectors --------------------------------------------------------------------------------- */

#define EMULATED_VECTORS(scalar, name)                                                             \
    struct __align__(2 * sizeof(scalar)) name##2                                                   \
    {                                                                                              \
        scalar x, y;                                                                               \
    };                                                                                             \
    struct name##3                                                                                 \
    {                                                                                              \
        scalar x, y, z;                                                                            \
    };                                                                                             \
    struct __align__(4 * sizeof(scalar)) name##4                                                   \
    {                                                                                              \
        scalar x, y, z, w;                                                                         \
    };                                                                                             \
    static inline name##2 make_##name##2(scalar x, scalar y)                                       \
    {                                                                                              \
        return {x, y};                                                                             \
    }                                                                                              \
    static inline name##3 make_##name##3(scalar x, scalar y, scalar z)                             \
    {                                                                                              \
        return {x, y, z};                                                                          \
    }                                                                                              \
    static inline name##4 make_##name##4(scalar x, scalar y, scalar z, scalar w)                   \
    {                                                                                              \
        return {x, y, z, w};                                                                       \
    }

EMULATED_VECTORS(float, float)
EMULATED_VECTORS(int, int)
EMULATED_VECTORS(unsigned short, ushort)
#undef EMULATED_VECTORS

struct __align__(8) uint2
{
    unsigned int x, y;
};
struct __align__(16) uint4
{
    unsigned int x, y, z, w;
};
static inline uint2 make_uint2(unsigned int x, unsigned int y)
{
    return {x, y};
}
static inline uint3 make_uint3(unsigned int x, unsigned int y, unsigned int z)
{
    return {x, y, z};
}
static inline uint4 make_uint4(unsigned int x, unsigned int y, unsigned int z, unsigned int w)
{
    return {x, y, z, w};
}

/* ---- launches -------------------------------------------------------------------------------- */

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
static const int warpSize = 32;

namespace emulated_cuda
{
/* what a kernel was given, as far as it is memory: pointers, and words that may be some */
struct arguments {
    std::vector<const void *> pointers;
    std::vector<uintptr_t> words;
    const char *types; /* the launching function's name, which tells them */
};

/* queues the kernel; thread runs it for the thread that threadIdx and blockIdx name */
cudaError_t launch(const cudaLaunchConfig_t *config, const void *kernel,
                   std::function<void()> thread, arguments given);
/* of a running thread: __syncthreads(), and what the source lane of its warp gives it */
void barrier(const char *file, int line);
uint64_t exchange(const char *file, int line, unsigned int mask, uint64_t value, int source);
int lane();

/* The pointers of a kernel's argument, and all that looks like one in what a lambda has captured.
 */
template <typename T> void note_pointers(arguments &noted, T argument)
{
    if constexpr (std::is_pointer_v<T>) {
        if constexpr (!std::is_function_v<std::remove_pointer_t<T>>)
            noted.pointers.push_back((const void *)argument);
    } else if constexpr (std::is_class_v<T> && !std::is_empty_v<T>) {
        static_assert(std::is_trivially_copy_constructible_v<T>,
                      "a kernel's argument is copied bit by bit");
        __builtin_clear_padding(&argument);
        uintptr_t words[sizeof(T) / sizeof(uintptr_t) + 1] = {};
        std::memcpy(words, &argument, sizeof(T));
        noted.words.insert(noted.words.end(), words, words + sizeof(T) / sizeof(uintptr_t));
    }
}
} // namespace emulated_cuda

template <typename... Expected, typename... Actual>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(Expected...),
                               Actual &&...actual)
{
    const std::tuple<Expected...> held(std::forward<Actual>(actual)...);
    emulated_cuda::arguments given = {{}, {}, __PRETTY_FUNCTION__};
    std::apply([&](const auto &...each) { (emulated_cuda::note_pointers(given, each), ...); },
               held);
    return emulated_cuda::launch(
        config, (const void *)kernel, [kernel, held] { std::apply(kernel, held); },
        std::move(given));
}

/* ---- threads of a block ---------------------------------------------------------------------- */

#define __syncthreads()       emulated_cuda::barrier(__FILE__, __LINE__)
#define __syncwarp(...)       emulated_cuda::sync_warp(__FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...)      emulated_cuda::shuffle(__FILE__, __LINE__, __VA_ARGS__)
#define __shfl_up_sync(...)   emulated_cuda::shuffle_up(__FILE__, __LINE__, __VA_ARGS__)
#define __shfl_down_sync(...) emulated_cuda::shuffle_down(__FILE__, __LINE__, __VA_ARGS__)
#define __shfl_xor_sync(...)  emulated_cuda::shuffle_xor(__FILE__, __LINE__, __VA_ARGS__)

namespace emulated_cuda
{
template <typename T>
T shuffle_from(const char *file, int line, unsigned int mask, T value, int source)
{
    static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_arithmetic_v<T>, "of a number");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = exchange(file, line, mask, bits, source);
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

template <typename T>
T shuffle(const char *file, int line, unsigned int mask, T value, int from, int width = 32)
{
    return shuffle_from(file, line, mask, value, (lane() & ~(width - 1)) + (from & (width - 1)));
}

template <typename T>
T shuffle_up(const char *file, int line, unsigned int mask, T value, unsigned int delta,
             int width = 32)
{
    const int source = lane() - (int)delta;
    return shuffle_from(file, line, mask, value,
                        source < (lane() & ~(width - 1)) ? lane() : source);
}

template <typename T>
T shuffle_down(const char *file, int line, unsigned int mask, T value, unsigned int delta,
               int width = 32)
{
    const int source = lane() + (int)delta;
    return shuffle_from(file, line, mask, value, source > (lane() | (width - 1)) ? lane() : source);
}

template <typename T>
T shuffle_xor(const char *file, int line, unsigned int mask, T value, int bits, int width = 32)
{
    const int source = lane() ^ bits;
    return shuffle_from(file, line, mask, value, source > (lane() | (width - 1)) ? lane() : source);
}

inline void sync_warp(const char *file, int line, unsigned int mask = 0xffffffffu)
{
    exchange(file, line, mask, 0, lane());
}

/* Threads take turns only at barriers, so plain arithmetic is atomic. */
template <typename T> T atomic_add(T *at, T value)
{
    const T old = *at;
    *at = old + value;
    return old;
}

template <typename T> T atomic_max(T *at, T value)
{
    const T old = *at;
    *at = old < value ? value : old;
    return old;
}

template <typename To, typename From> To bits_as(From value)
{
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}
} // namespace emulated_cuda

static inline float atomicAdd(float *at, float value)
{
    return emulated_cuda::atomic_add(at, value);
}
static inline double atomicAdd(double *at, double value)
{
    return emulated_cuda::atomic_add(at, value);
}
static inline int atomicAdd(int *at, int value)
{
    return emulated_cuda::atomic_add(at, value);
}
static inline unsigned int atomicAdd(unsigned int *at, unsigned int value)
{
    return emulated_cuda::atomic_add(at, value);
}
static inline unsigned long long atomicAdd(unsigned long long *at, unsigned long long value)
{
    return emulated_cuda::atomic_add(at, value);
}
static inline int atomicMax(int *at, int value)
{
    return emulated_cuda::atomic_max(at, value);
}
static inline unsigned int atomicMax(unsigned int *at, unsigned int value)
{
    return emulated_cuda::atomic_max(at, value);
}
static inline void __threadfence() {}

/* ---- arithmetic: the rest is <cmath> --------------------------------------------------------- */

/* the C library keeps some of these names for itself */
#define __expf(x)          expf(x)
#define __logf(x)          logf(x)
#define __log2f(x)         log2f(x)
#define __sinf(x)          sinf(x)
#define __cosf(x)          cosf(x)
#define __powf(x, y)       powf(x, y)
#define __fdividef(x, y)   ((x) / (y))
#define __frcp_rn(x)       (1.0f / (x))
#define __fsqrt_rn(x)      sqrtf(x)
#define __fmaf_rn(x, y, z) fmaf(x, y, z)

static inline float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}
static inline float __saturatef(float x)
{
    return fminf(fmaxf(x, 0.0f), 1.0f);
}
static inline unsigned int __umulhi(unsigned int x, unsigned int y)
{
    return (unsigned int)((uint64_t)x * y >> 32);
}
static inline int __float_as_int(float x)
{
    return emulated_cuda::bits_as<int>(x);
}
static inline float __int_as_float(int x)
{
    return emulated_cuda::bits_as<float>(x);
}
static inline unsigned int __float_as_uint(float x)
{
    return emulated_cuda::bits_as<unsigned int>(x);
}
static inline float __uint_as_float(unsigned int x)
{
    return emulated_cuda::bits_as<float>(x);
}
static inline int __popc(unsigned int x)
{
    return __builtin_popcount(x);
}
static inline int __clz(int x)
{
    return x ? __builtin_clz((unsigned int)x) : 32;
}

template <typename T> T __ldg(const T *at)
{
    return *at;
}

#define EMULATED_EXTREMA(type)                                                                     \
    static inline type min(type x, type y)                                                         \
    {                                                                                              \
        return y < x ? y : x;                                                                      \
    }                                                                                              \
    static inline type max(type x, type y)                                                         \
    {                                                                                              \
        return x < y ? y : x;                                                                      \
    }
EMULATED_EXTREMA(int)
EMULATED_EXTREMA(unsigned int)
EMULATED_EXTREMA(long)
EMULATED_EXTREMA(unsigned long)
EMULATED_EXTREMA(long long)
EMULATED_EXTREMA(unsigned long long)
#undef EMULATED_EXTREMA
static inline float min(float x, float y)
{
    return fminf(x, y);
}
static inline float max(float x, float y)
{
    return fmaxf(x, y);
}
static inline double min(double x, double y)
{
    return fmin(x, y);
}
static inline double max(double x, double y)
{
    return fmax(x, y);
}

#endif
