/* Maximum and mean over windows and over whole planes. */
#include "lanes.h"

/* Along one axis: [first, end). */
struct range {
    int first, end;
};

struct window {
    int kernel, stride, pad;

    /* the taps of window i that lie within the input */
    __device__ __forceinline__ range taps(int i, int in) const
    {
        const int start = i * stride - pad;
        return {start < 0 ? -start : 0, in - start < kernel ? in - start : kernel};
    }
    /* the windows that cover position i of the input */
    __device__ __forceinline__ range over(int i, int out) const
    {
        const int before = i + pad - kernel + 1, last = (i + pad) / stride + 1;
        return {before > 0 ? (before + stride - 1) / stride : 0, last < out ? last : out};
    }
};

static window window_of(const ir_call *call)
{
    return {call->kernel, call->stride, call->pad};
}

/* ---- maximum; call->saved: the tap of its window that won, a byte a number --------------------*/

enum { MAX_KERNEL = 16 };

static void max_pool_prepare(ir_backend *, ir_call *call)
{
    if (call->kernel > MAX_KERNEL)
        ir_die("max_pool: a kernel of %d is more than %d", call->kernel, MAX_KERNEL);
    call->saved_bytes = volume(call->shape);
}

static void max_pool_forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const window w = window_of(call);
    const real *x = value_of(call->in[0]);
    uint8_t *winner = static_cast<uint8_t *>(call->saved);
    map(cuda_of(b), value_of(call), volume(t), false, [=] __device__(unsigned i) {
        const spot p = spot_of(t, i);
        const range down = w.taps(p.y, s.h), across = w.taps(p.x, s.w);
        const int top = p.y * w.stride - w.pad, left = p.x * w.stride - w.pad;
        float best = -INFINITY;
        int won = 0;
        for (int u = down.first; u < down.end; u++)
            for (int v = across.first; v < across.end; v++) {
                const float value = get(x, index_of(s, p.n, top + u, left + v, p.c));
                won = value > best ? u * w.kernel + v : won;
                best = value > best ? value : best;
            }
        winner[i] = (uint8_t)won;
        return best;
    });
}

/* Each number of dx gathers from the windows that cover it. */
static void max_pool_backward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const window w = window_of(call);
    const real *dy = grad_of(call);
    const uint8_t *winner = static_cast<uint8_t *>(call->saved);
    map(cuda_of(b), grad_of(call->in[0]), volume(s), adds(call, 0), [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        const range down = w.over(p.y, t.h), across = w.over(p.x, t.w);
        float sum = 0;
        for (int r = down.first; r < down.end; r++)
            for (int q = across.first; q < across.end; q++) {
                const unsigned k = index_of(t, p.n, r, q, p.c);
                const int tap =
                    (p.y + w.pad - r * w.stride) * w.kernel + p.x + w.pad - q * w.stride;
                sum += winner[k] == tap ? get(dy, k) : 0;
            }
        return sum;
    });
}

/* ---- mean -------------------------------------------------------------------------------------*/

static void avg_pool_forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const window w = window_of(call);
    const float share = 1 / (float)(w.kernel * w.kernel);
    const real *x = value_of(call->in[0]);
    map(cuda_of(b), value_of(call), volume(t), false, [=] __device__(unsigned i) {
        const spot p = spot_of(t, i);
        float sum = 0;
        for (int u = 0; u < w.kernel; u++)
            for (int v = 0; v < w.kernel; v++)
                sum += get(x, index_of(s, p.n, p.y * w.stride + u, p.x * w.stride + v, p.c));
        return share * sum;
    });
}

static void avg_pool_backward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const window w = window_of(call);
    const float share = 1 / (float)(w.kernel * w.kernel);
    const real *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(s), adds(call, 0), [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        const range down = w.over(p.y, t.h), across = w.over(p.x, t.w);
        float sum = 0;
        for (int r = down.first; r < down.end; r++)
            for (int q = across.first; q < across.end; q++)
                sum += get(dy, index_of(t, p.n, r, q, p.c));
        return share * sum;
    });
}

/* ---- over whole planes ------------------------------------------------------------------------*/

static void global_avg_prepare(ir_backend *, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    call->scratch_bytes = sum_scratch(1, (size_t)s.n, pixels_of(s), (size_t)s.c);
}

static void global_avg_forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const unsigned channels = (unsigned)s.c, pixels = pixels_of(s);
    const real *x = value_of(call->in[0]);
    real *y = value_of(call);
    sum_rows<1>(
        cuda_of(b), call->scratch, (unsigned)s.n, pixels, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            sum[0] += get(x, row * channels + c);
        },
        [=] __device__(unsigned image, unsigned c, const double *total) {
            set(y, image * channels + c, (float)(total[0] / pixels));
        });
}

static void global_avg_backward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const unsigned channels = (unsigned)s.c, image = channels * pixels_of(s);
    const float share = 1 / (float)pixels_of(s);
    const real *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(s), adds(call, 0), [=] __device__(unsigned i) {
        return share * get(dy, i / image * channels + i % channels);
    });
}

/* call->saved: the first pixel that has the maximum, one for each channel.
 *
 * As in sums over rows, a block of threads is `lanes` neighbouring channels wide, and each thread
 * walks down its channel. A second launch compares the parts of an image. */

enum { MAX_ROWS_EACH = 32 };

struct max_shape {
    unsigned rows, channels, lanes, rows_per_block, parts;
};

static max_shape max_shape_for(unsigned rows, unsigned channels)
{
    max_shape s = {rows, channels, 1, 0, 0};
    while (s.lanes < channels && s.lanes < 32)
        s.lanes *= 2;
    s.rows_per_block = BLOCK / s.lanes * (unsigned)MAX_ROWS_EACH;
    s.parts = blocks_for(rows, s.rows_per_block);
    return s;
}

/* The maximum of read(first), read(first + step), ... EACH of them are read before one is compared,
 * so that their loads run at the same time. Where none is left, the last is read once more, which
 * changes nothing. */
template <class F>
static __device__ __forceinline__ peak highest(unsigned first, unsigned end, unsigned step, F read)
{
    peak best = {-INFINITY, NOWHERE};
    for (unsigned r = first; r < end; r += EACH * step) {
        peak next[EACH];
#pragma unroll
        for (int k = 0; k < EACH; k++)
            next[k] = read(min(r + (unsigned)k * step, end - 1));
#pragma unroll
        for (int k = 0; k < EACH; k++)
            best = join(best, next[k]);
    }
    return best;
}

/* Calls done(image, part, channel, the maximum of read(image, row, channel) over the part). */
template <class F, class D>
static __global__ void __launch_bounds__(BLOCK) max_kernel(max_shape s, F read, D done)
{
    __shared__ peak shared[BLOCK];
    const unsigned t = threadIdx.x, row = t / s.lanes, step = BLOCK / s.lanes;
    const unsigned image = blockIdx.x / s.parts, part = blockIdx.x - image * s.parts;
    const unsigned channel = blockIdx.y * s.lanes + t % s.lanes;
    const unsigned first = part * s.rows_per_block;
    const unsigned end = min(first + s.rows_per_block, s.rows);
    shared[t] = channel < s.channels ? highest(first + row, end, step,
                                               [=](unsigned r) { return read(image, r, channel); })
                                     : peak{-INFINITY, NOWHERE};
    for (unsigned half = step / 2; half > 0; half /= 2) {
        __syncthreads();
        if (row < half)
            shared[t] = join(shared[t], shared[t + half * s.lanes]);
    }
    if (row == 0 && channel < s.channels)
        done(image, part, channel, shared[t]);
}

template <class F, class D>
static void launch_max(ir_cuda *cuda, unsigned images, max_shape s, F read, D done)
{
    launch(cuda, max_kernel<F, D>, dim3(images * s.parts, blocks_for(s.channels, s.lanes)), s, read,
           done);
}

static void global_max_prepare(ir_backend *, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const max_shape m = max_shape_for(pixels_of(s), (unsigned)s.c);
    call->saved_bytes = volume(call->shape) * sizeof(unsigned);
    if (m.parts > 1)
        call->scratch_bytes = (size_t)m.parts * volume(call->shape) * sizeof(peak);
}

static void global_max_forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const unsigned images = (unsigned)s.n, channels = (unsigned)s.c, pixels = pixels_of(s);
    max_shape m = max_shape_for(pixels, channels);
    const unsigned parts = m.parts;
    const real *x = value_of(call->in[0]);
    real *y = value_of(call);
    unsigned *winner = static_cast<unsigned *>(call->saved);
    peak *partial = static_cast<peak *>(call->scratch);
    const auto read = [=] __device__(unsigned image, unsigned row, unsigned c) {
        return peak{get(x, (image * pixels + row) * channels + c), row};
    };
    const auto finish = [=] __device__(unsigned image, unsigned, unsigned c, peak best) {
        set(y, image * channels + c, best.value);
        winner[image * channels + c] = best.at;
    };
    if (parts == 1) {
        launch_max(cuda_of(b), images, m, read, finish);
        return;
    }
    launch_max(cuda_of(b), images, m, read,
               [=] __device__(unsigned image, unsigned part, unsigned c, peak best) {
                   partial[(image * parts + part) * channels + c] = best;
               });
    m.rows = m.rows_per_block = parts;
    m.parts = 1;
    launch_max(
        cuda_of(b), images, m,
        [=] __device__(unsigned image, unsigned part, unsigned c) {
            return partial[(image * parts + part) * channels + c];
        },
        finish);
}

/* The winning pixel alone gets the gradient. When adding, the other pixels are not touched. */
static void global_max_backward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const unsigned channels = (unsigned)s.c, pixels = pixels_of(s);
    const real *dy = grad_of(call);
    real *dx = grad_of(call->in[0]);
    const unsigned *winner = static_cast<unsigned *>(call->saved);
    if (adds(call, 0)) {
        each(cuda_of(b), volume(call->shape), [=] __device__(unsigned k) {
            const unsigned i = (k / channels * pixels + winner[k]) * channels + k % channels;
            set(dx, i, get(dx, i) + get(dy, k));
        });
        return;
    }
    map(cuda_of(b), dx, volume(s), false, [=] __device__(unsigned i) {
        const unsigned pixel = i / channels, k = pixel / pixels * channels + i % channels;
        return winner[k] == pixel % pixels ? get(dy, k) : 0;
    });
}

const ir_op_table IR_NAME(ir_cuda_max_pool) = operation(max_pool_prepare, max_pool_forward,
                                                        max_pool_backward);
const ir_op_table IR_NAME(ir_cuda_avg_pool) = operation(nullptr, avg_pool_forward,
                                                        avg_pool_backward);
const ir_op_table IR_NAME(ir_cuda_global_avg_pool) = operation(global_avg_prepare,
                                                               global_avg_forward,
                                                               global_avg_backward);
const ir_op_table IR_NAME(ir_cuda_global_max_pool) = operation(global_max_prepare,
                                                               global_max_forward,
                                                               global_max_backward);
