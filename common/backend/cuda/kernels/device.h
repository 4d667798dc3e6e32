/* For the files of this directory: each is compiled once per kind of storage, with IR_STORAGE
 * (float, bf16) defined by the Makefile. IR_NAME() makes the names of what a file exports.
 *
 * Nearly every kernel is one of four patterns. A lambda says what it computes:
 *
 *     map       y[i] = f(i) for every number of y, written or added
 *     each      f(i) for i < count
 *     split     store(i, load(i)) for i < count
 *     sum_rows  for each channel the sum over rows of f(row, channel), in double, in a fixed order
 *
 * get() and set() read and write numbers of either storage. Indices have 32 bits, since their
 * division is several times faster than that of 64. */
#ifndef IR_DEVICE_H
#define IR_DEVICE_H

#include <cuda_bf16.h>
#include <math.h>

#include "backend/cuda/cuda.h"

#define IR_PASTE2(a, b) a##_##b
#define IR_PASTE(a, b)  IR_PASTE2(a, b)
#define IR_NAME(name)   IR_PASTE(name, IR_STORAGE) /* adds the storage: ..._bf16 */

typedef __nv_bfloat16 bf16;
typedef IR_STORAGE real;

static __device__ __forceinline__ float get(const float *x, unsigned i)
{
    return x[i];
}
static __device__ __forceinline__ float get(const bf16 *x, unsigned i)
{
    return __bfloat162float(x[i]);
}
static __device__ __forceinline__ void set(float *x, unsigned i, float value)
{
    x[i] = value;
}
static __device__ __forceinline__ void set(bf16 *x, unsigned i, float value)
{
    x[i] = __float2bfloat16(value);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Dies on a tensor so large that indices a few blocks past its end exceed 32 bits. */
static inline unsigned volume(ir_shape s)
{
    const size_t count = (size_t)s.n * (size_t)s.c * (size_t)s.h * (size_t)s.w;
    if (count > 0xffff0000u)
        ir_die("cuda: a tensor of %d x %d x %d x %d has too many numbers", s.n, s.c, s.h, s.w);
    return (unsigned)count;
}
static inline unsigned pixels_of(ir_shape s)
{
    return (unsigned)s.h * (unsigned)s.w;
}

struct spot {
    int n, y, x, c;
};

static __device__ __forceinline__ spot spot_of(ir_shape s, unsigned i)
{
    const unsigned pixel = i / (unsigned)s.c, row = pixel / (unsigned)s.w;
    spot p;
    p.c = (int)(i - pixel * (unsigned)s.c);
    p.x = (int)(pixel - row * (unsigned)s.w);
    p.n = (int)(row / (unsigned)s.h);
    p.y = (int)(row - (unsigned)p.n * (unsigned)s.h);
    return p;
}
static __device__ __forceinline__ unsigned index_of(ir_shape s, int n, int y, int x, int c)
{
    return (((unsigned)n * (unsigned)s.h + (unsigned)y) * (unsigned)s.w + (unsigned)x) *
               (unsigned)s.c +
           (unsigned)c;
}

/* ---- a call's memory --------------------------------------------------------------------------*/

static inline real *value_of(const ir_call *call)
{
    return reinterpret_cast<real *>(call->value);
}
static inline real *grad_of(const ir_call *call)
{
    return reinterpret_cast<real *>(call->grad);
}
static inline bool adds(const ir_call *call, int k)
{
    return call->grad_use[k] == IR_GRAD_ADD;
}

/* Leaky ReLU and its derivative; slope 1 is the identity. As in PyTorch, 0 belongs to the slope. */
static __device__ __forceinline__ float rectify(float x, float slope)
{
    return x > 0 ? x : slope * x;
}
static __device__ __forceinline__ float rectify_grad(float y, float slope, float dy)
{
    return y > 0 ? dy : slope * dy;
}
static inline float slope_of(ir_activation a)
{
    return a.on ? a.slope : 1;
}

static __device__ __forceinline__ float sigmoid_of(float x)
{
    return 1 / (1 + expf(-x));
}

/* ---- launching --------------------------------------------------------------------------------*/

enum { BLOCK = 256, EACH = 4 };

template <class... P, class... A>
static void launch(ir_cuda *cuda, void (*kernel)(P...), dim3 grid, A... arguments)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = dim3(BLOCK);
    config.stream = cuda->stream;
    IR_CUDA(cudaLaunchKernelEx(&config, kernel, arguments...));
}

static inline unsigned blocks_for(size_t count, size_t per_block)
{
    return (unsigned)((count + per_block - 1) / per_block);
}

/* EACH numbers per thread. Without branches between them, the compiler starts all their loads
 * before it waits for the first. So only the last block checks for the end, and adding has a
 * kernel of its own. */
template <bool ADD, class T, class P, class F>
static __global__ void __launch_bounds__(BLOCK) map_kernel(T *y, unsigned count, P place, F f)
{
    const unsigned begin = blockIdx.x * (unsigned)(BLOCK * EACH), left = count - begin;
    const auto compute = [&](unsigned i) { return ADD ? get(y, place(i)) + f(i) : f(i); };
    if (left < (unsigned)(BLOCK * EACH)) {
#pragma unroll 1
        for (unsigned k = threadIdx.x; k < left; k += BLOCK)
            set(y, place(begin + k), compute(begin + k));
        return;
    }
    float value[EACH];
#pragma unroll
    for (int k = 0; k < EACH; k++)
        value[k] = compute(begin + (unsigned)(k * BLOCK) + threadIdx.x);
#pragma unroll
    for (int k = 0; k < EACH; k++)
        set(y, place(begin + (unsigned)(k * BLOCK) + threadIdx.x), value[k]);
}

/* y[place(i)] = f(i), or +=; count: how many numbers are written */
template <class T, class P, class F>
static void map_to(ir_cuda *cuda, T *y, unsigned count, bool add, P place, F f)
{
    launch(cuda, add ? map_kernel<true, T, P, F> : map_kernel<false, T, P, F>,
           dim3(blocks_for(count, BLOCK * EACH)), y, count, place, f);
}

/* y[i] = f(i), or += */
template <class T, class F> static void map(ir_cuda *cuda, T *y, unsigned count, bool add, F f)
{
    map_to(
        cuda, y, count, add, [=] __device__(unsigned i) { return i; }, f);
}

template <class F> static __global__ void __launch_bounds__(BLOCK) each_kernel(unsigned count, F f)
{
    const unsigned i = blockIdx.x * (unsigned)BLOCK + threadIdx.x;
    if (i < count)
        f(i);
}

template <class F> static void each(ir_cuda *cuda, unsigned count, F f)
{
    launch(cuda, each_kernel<F>, dim3(blocks_for(count, BLOCK)), count, f);
}

/* EACH numbers per thread; all are loaded before the first is stored. */
template <class L, class S>
static __global__ void __launch_bounds__(BLOCK) split_kernel(unsigned count, L load, S store)
{
    const unsigned first = blockIdx.x * (unsigned)(BLOCK * EACH) + threadIdx.x;
    float value[EACH];
#pragma unroll
    for (int k = 0; k < EACH; k++)
        value[k] = load(min(first + (unsigned)(k * BLOCK), count - 1));
#pragma unroll
    for (int k = 0; k < EACH; k++)
        if (first + (unsigned)(k * BLOCK) < count)
            store(first + (unsigned)(k * BLOCK), value[k]);
}

template <class L, class S> static void split(ir_cuda *cuda, unsigned count, L load, S store)
{
    launch(cuda, split_kernel<L, S>, dim3(blocks_for(count, BLOCK * EACH)), count, load, store);
}

/* ---- sums over rows ---------------------------------------------------------------------------
 *
 * Group g has the rows from g rows to (g + 1) rows - 1. A block of threads is `lanes` neighbouring
 * channels wide. Each thread walks down its channel. The threads of a channel are then summed by
 * halves, its blocks by a second launch. `also` is called exactly once for each number, `term` at
 * least once. */

struct nothing_else {
    __device__ __forceinline__ void operator()(unsigned, unsigned) const {}
};

/* Blocks that a multiprocessor must hold. Without this number the compiler aims at more blocks, and
 * then has so few registers that it loads the rows one after the other. */
enum { SUM_BLOCKS = 4 };

struct sum_shape {
    unsigned rows, channels, lanes, rows_per_block;
};

/* The last rows of a thread, fewer than EACH. Instead of a missing row it reads the first once more
 * and ignores that: without branches all loads run at the same time. */
template <int K, class F>
static __device__ __forceinline__ void add_last(unsigned begin, unsigned r, unsigned step,
                                                unsigned rows, unsigned channel, F term,
                                                double sum[K])
{
#pragma unroll
    for (unsigned i = 0; i + 1 < EACH; i++) {
        const unsigned other = r + i * step;
        double one[K] = {};
        term(begin + (other < rows ? other : r), channel, one);
        for (int k = 0; k < K; k++)
            sum[k] += other < rows ? one[k] : 0;
    }
}

/* K sums over the rows of this block's part. Only the threads of row 0 end with the right sums. */
template <int K, class F, class W>
static __device__ __forceinline__ void sum_block(sum_shape s, unsigned group, unsigned part,
                                                 unsigned channel, F term, W also, double total[K])
{
    __shared__ double shared[K][BLOCK];
    const unsigned t = threadIdx.x, row = t / s.lanes, step = BLOCK / s.lanes;
    const unsigned first = part * s.rows_per_block, begin = group * s.rows + first;
    const unsigned rows = min(s.rows_per_block, s.rows - first);
    double sum[K] = {};
    if (channel < s.channels) {
        unsigned r = row;
        for (; r + (EACH - 1) * step < rows; r += EACH * step) {
#pragma unroll
            for (unsigned i = 0; i < EACH; i++)
                term(begin + r + i * step, channel, sum);
#pragma unroll
            for (unsigned i = 0; i < EACH; i++)
                also(begin + r + i * step, channel);
        }
        if (r < rows)
            add_last<K>(begin, r, step, rows, channel, term, sum);
        for (; r < rows; r += step)
            also(begin + r, channel);
    }
    for (int k = 0; k < K; k++)
        shared[k][t] = sum[k];
    for (unsigned half = step / 2; half > 0; half /= 2) {
        __syncthreads();
        if (row < half)
            for (int k = 0; k < K; k++)
                shared[k][t] += shared[k][t + half * s.lanes];
    }
    __syncthreads();
    for (int k = 0; k < K; k++)
        total[k] = shared[k][t];
}

template <int K, class F, class D, class W>
static __global__ void __launch_bounds__(BLOCK, SUM_BLOCKS)
    sum_kernel(sum_shape s, F term, D done, W also)
{
    const unsigned group = blockIdx.z, part = blockIdx.x;
    const unsigned channel = blockIdx.y * s.lanes + threadIdx.x % s.lanes;
    double total[K];
    sum_block<K>(s, group, part, channel, term, also, total);
    if (threadIdx.x < s.lanes && channel < s.channels)
        done(group, part, channel, total);
}

/* A thread sums up to ROWS_ALONE rows if that saves the second launch. Otherwise it sums ROWS_EACH
 * rows, or fewer until there are BLOCKS_ENOUGH blocks, which keep a large GPU busy. These numbers
 * do not depend on the GPU, so neither do the bits. */
enum { ROWS_ALONE = 16, ROWS_EACH = 64, BLOCKS_ENOUGH = 512 };

static inline sum_shape sum_shape_for(unsigned groups, unsigned rows, unsigned channels)
{
    sum_shape s = {rows, channels, 1, 0};
    while (s.lanes < channels && s.lanes < 32)
        s.lanes *= 2;
    const unsigned step = BLOCK / s.lanes;
    const size_t columns = (size_t)groups * blocks_for(channels, s.lanes);
    s.rows_per_block = step * ROWS_ALONE;
    if (rows <= s.rows_per_block)
        return s;
    s.rows_per_block = step * ROWS_EACH;
    while (s.rows_per_block > step * EACH &&
           columns * blocks_for(rows, s.rows_per_block) < BLOCKS_ENOUGH)
        s.rows_per_block /= 2;
    return s;
}

/* Bytes of scratch memory that sum_rows needs. */
static inline size_t sum_scratch(int k, size_t groups, size_t rows, size_t channels)
{
    const sum_shape s = sum_shape_for((unsigned)groups, (unsigned)rows, (unsigned)channels);
    return groups * blocks_for(rows, s.rows_per_block) * channels * (size_t)k * sizeof(double);
}

/* For each group and channel it calls done(group, channel, total), where total has K sums over the
 * group's rows: term(row, channel, sum) adds a row's terms to sum[0] .. sum[K - 1]. It also calls
 * also(row, channel) for each row and channel. */
template <int K, class F, class D, class W = nothing_else>
static void sum_rows(ir_cuda *cuda, void *scratch, unsigned groups, unsigned rows,
                     unsigned channels, F term, D done, W also = {})
{
    sum_shape s = sum_shape_for(groups, rows, channels);
    const unsigned parts = blocks_for(rows, s.rows_per_block);
    const dim3 grid(parts, blocks_for(channels, s.lanes), groups);
    double *partial = static_cast<double *>(scratch);
    const auto finish = [=] __device__(unsigned group, unsigned, unsigned channel,
                                       const double *total) { done(group, channel, total); };
    if (parts == 1) {
        launch(cuda, sum_kernel<K, F, decltype(finish), W>, grid, s, term, finish, also);
        return;
    }
    const auto keep = [=] __device__(unsigned group, unsigned part, unsigned channel,
                                     const double *total) {
        for (int k = 0; k < K; k++)
            partial[((group * parts + part) * channels + channel) * K + k] = total[k];
    };
    const auto read = [=] __device__(unsigned row, unsigned channel, double *sum) {
        for (int k = 0; k < K; k++)
            sum[k] += partial[(row * channels + channel) * K + k];
    };
    launch(cuda, sum_kernel<K, F, decltype(keep), W>, grid, s, term, keep, also);
    s.rows = s.rows_per_block = parts;
    while (s.lanes > 1 && parts > BLOCK / s.lanes * EACH) /* fewer channels a block, more rows */
        s.lanes /= 2;
    launch(cuda, sum_kernel<K, decltype(read), decltype(finish), nothing_else>,
           dim3(1, blocks_for(channels, s.lanes), groups), s, read, finish, nothing_else{});
}

/* ---- the operations, assembled in table.cu ----------------------------------------------------*/

/* An entry of the table; the last four functions are optional. */
typedef void ir_op_function(ir_backend *b, ir_call *call);
static constexpr ir_op_table operation(ir_op_function *prepare, ir_op_function *forward,
                                       ir_op_function *backward, ir_op_function *release = nullptr,
                                       ir_op_function *recompute = nullptr,
                                       ir_op_function *refresh = nullptr,
                                       ir_op_function *tune = nullptr)
{
    return {prepare, forward, backward, release, recompute, refresh, tune};
}

/* Every operation's kernels, ir_cuda_NAME, put together in table.cu. */
#define IR_OPERATION(NAME, name, ...) extern const ir_op_table IR_NAME(ir_cuda_##name);
#include "backend/ops.def"

void IR_NAME(ir_cuda_from_host)(void *nhwc, const float *nchw, ir_shape s);
void IR_NAME(ir_cuda_to_host)(float *nchw, const void *nhwc, ir_shape s);
void IR_NAME(ir_cuda_adam)(ir_cuda *cuda, float *x, const float *g, float *m, float *v,
                           size_t count, float step_size, double beta1, double beta2,
                           float root_scale, float eps);
void IR_NAME(ir_cuda_sgd)(ir_cuda *cuda, float *x, const float *g, size_t count, float lr);
void IR_NAME(ir_cuda_average)(ir_cuda *cuda, float *a, const float *x, size_t count, float weight);

#endif
