/* Sums of products, and multiples of one tensor.
 *
 *     y = act(sum_t scale_t full_t broadcast_t)      y = scale x
 *
 * ADD and MUL are such sums of one or two terms (ir_term); a broadcast operand may be smaller than
 * y. Backward goes through y's numbers once: the kernel that sums one gradient writes the others
 * on the way.
 */
#include "lanes.h"

/* Which number of a broadcast operand each number i of y is multiplied with: number at(i). */
struct broadcast {
    enum { SAME, CHANNEL, PIXEL, IMAGE } how;
    unsigned channels, image; /* numbers of a pixel and of an image of y */

    __device__ __forceinline__ unsigned at(unsigned i) const
    {
        switch (how) {
        case CHANNEL:
            return i / image * channels + i % channels;
        case PIXEL:
            return i / channels;
        case IMAGE:
            return i / image;
        default:
            return i;
        }
    }
};

static broadcast broadcast_of(const ir_call *call, const ir_term *t)
{
    const ir_shape a = call->shape;
    const ir_shape b = t->broadcast == IR_NO_INPUT ? a : call->in[t->broadcast]->shape;
    const bool pixels = a.h == b.h && a.w == b.w;
    broadcast c = {broadcast::SAME, (unsigned)a.c, (unsigned)a.c * pixels_of(a)};
    if (a.c == b.c)
        c.how = pixels ? broadcast::SAME : broadcast::CHANNEL;
    else
        c.how = pixels ? broadcast::PIXEL : broadcast::IMAGE;
    return c;
}

/* A term on the device. nullptr: that operand is missing, and counts as 1. */
struct term {
    const real *full, *other;
    broadcast how;
    float scale;

    __device__ __forceinline__ float times_other(unsigned i, float x) const
    {
        return x * scale * (other ? get(other, how.at(i)) : 1);
    }
    __device__ __forceinline__ float times_full(unsigned i, float x) const
    {
        return x * scale * (full ? get(full, i) : 1);
    }
};

static term term_of(const ir_call *call, int k)
{
    const ir_term *t = &call->term[k];
    return {t->full == IR_NO_INPUT ? nullptr : value_of(call->in[t->full]),
            t->broadcast == IR_NO_INPUT ? nullptr : value_of(call->in[t->broadcast]),
            broadcast_of(call, t), (float)t->scale};
}

/* For IMAGE, all numbers of an image count as rows of one channel. */
static unsigned sum_channels(broadcast c)
{
    return c.how == broadcast::IMAGE ? 1 : c.channels;
}

static void prepare(ir_backend *, ir_call *call)
{
    for (int k = 0; k < call->terms; k++) {
        const broadcast c = broadcast_of(call, &call->term[k]);
        if (c.how != broadcast::CHANNEL && c.how != broadcast::IMAGE)
            continue;
        const size_t bytes =
            sum_scratch(1, (size_t)call->shape.n, c.image / sum_channels(c), sum_channels(c));
        if (bytes > call->scratch_bytes)
            call->scratch_bytes = bytes;
    }
}

/* ---- forward ----------------------------------------------------------------------------------*/

static void forward(ir_backend *b, ir_call *call)
{
    const float slope = slope_of(call->activation);
    const term first = term_of(call, 0);
    const auto value = [=] __device__(unsigned i) {
        return first.times_other(i, get(first.full, i));
    };
    if (call->terms == 1) {
        map(cuda_of(b), value_of(call), volume(call->shape), false, value);
        return;
    }
    const term second = term_of(call, 1);
    map(cuda_of(b), value_of(call), volume(call->shape), false, [=] __device__(unsigned i) {
        const float x = second.times_other(i, second.full ? get(second.full, i) : 1);
        return rectify(value(i) + x, slope);
    });
}

/* ---- backward ---------------------------------------------------------------------------------
 *
 * Let g = dy times the derivative of act, which the sign of y tells. The full operand's gradient is
 * g broadcast scale. The gradient of a number of the broadcast operand is the sum of g full scale
 * over all numbers that it is multiplied with. */

/* A gradient that is as large as y, of either operand. */
struct large_grad {
    real *to;
    bool add, of_other;
    term of;
};

/* All of them, in the order of the inputs. Where a value is an input twice, its first gradient is
 * written and its second added. */
struct gradients {
    enum { MOST = 2 * IR_TERMS };
    const real *y, *dy;
    float slope;
    int count;
    large_grad large[MOST];

    __device__ __forceinline__ float g(unsigned i) const
    {
        return slope == 1 ? get(dy, i) : rectify_grad(get(y, i), slope, get(dy, i));
    }
    __device__ __forceinline__ void write(unsigned i, float g) const
    {
#pragma unroll
        for (int k = 0; k < MOST; k++) {
            const large_grad &d = large[k];
            if (k >= count)
                break;
            const float value = d.of_other ? d.of.times_full(i, g) : d.of.times_other(i, g);
            set(d.to, i, d.add ? get(d.to, i) + value : value);
        }
    }
};

/* The number of the term that has the input, and whether it is the broadcast operand there. */
static int term_with(const ir_call *call, int input, bool *as_broadcast)
{
    int k = 0;
    while (call->term[k].full != input && call->term[k].broadcast != input)
        k++;
    *as_broadcast = call->term[k].broadcast == input;
    return k;
}

static bool wants(const ir_call *call, int input)
{
    return input != IR_NO_INPUT && call->grad_use[input] != IR_GRAD_NONE;
}

static gradients large_gradients(const ir_call *call)
{
    gradients all = {value_of(call), grad_of(call), slope_of(call->activation), 0, {}};
    for (int input = 0; input < call->inputs; input++) {
        bool as_broadcast;
        const term t = term_of(call, term_with(call, input, &as_broadcast));
        if (wants(call, input) && (!as_broadcast || t.how.how == broadcast::SAME))
            all.large[all.count++] = {grad_of(call->in[input]), adds(call, input), as_broadcast, t};
    }
    return all;
}

/* The gradient of a smaller broadcast operand; on the way it writes those in `all`. */
static void sum_broadcast(ir_cuda *cuda, const ir_call *call, int k, gradients all)
{
    const int input = call->term[k].broadcast;
    const term t = term_of(call, k);
    const unsigned channels = sum_channels(t.how);
    const bool add = adds(call, input);
    real *d = grad_of(call->in[input]);
    const auto terms = [=] __device__(unsigned pixel, unsigned c) {
        const unsigned i = pixel * channels + c;
        return t.times_full(i, all.g(i));
    };
    const auto write = [=] __device__(unsigned pixel, unsigned c) {
        const unsigned i = pixel * channels + c;
        all.write(i, all.g(i));
    };
    if (t.how.how == broadcast::PIXEL)
        join_channels(
            cuda, volume(call->in[input]->shape), channels, 0.0f, terms,
            [=] __device__(unsigned pixel, float sum) {
                set(d, pixel, (add ? get(d, pixel) : 0) + sum);
            },
            write);
    else
        sum_rows<1>(
            cuda, call->scratch, (unsigned)call->shape.n, t.how.image / channels, channels,
            [=] __device__(unsigned row, unsigned c, double *sum) { sum[0] += terms(row, c); },
            [=] __device__(unsigned image, unsigned c, const double *total) {
                const unsigned i = image * channels + c;
                set(d, i, (add ? get(d, i) : 0) + (float)total[0]);
            },
            write);
}

static void backward(ir_backend *b, ir_call *call)
{
    ir_cuda *cuda = cuda_of(b);
    gradients all = large_gradients(call);
    for (int k = 0; k < call->terms; k++) {
        if (!wants(call, call->term[k].broadcast) || term_of(call, k).how.how == broadcast::SAME)
            continue;
        sum_broadcast(cuda, call, k, all);
        all.count = 0;
    }
    if (all.count > 0)
        split(
            cuda, volume(call->shape), [=] __device__(unsigned i) { return all.g(i); },
            [=] __device__(unsigned i, float g) { all.write(i, g); });
}

/* ---- scale x ----------------------------------------------------------------------------------*/

static void scale_forward(ir_backend *b, ir_call *call)
{
    const float scale = (float)call->scale;
    const real *x = value_of(call->in[0]);
    map(cuda_of(b), value_of(call), volume(call->shape), false,
        [=] __device__(unsigned i) { return scale * get(x, i); });
}

static void scale_backward(ir_backend *b, ir_call *call)
{
    const float scale = (float)call->scale;
    const real *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(call->shape), adds(call, 0),
        [=] __device__(unsigned i) { return scale * get(dy, i); });
}

const ir_op_table IR_NAME(ir_cuda_add) = operation(prepare, forward, backward);
const ir_op_table IR_NAME(ir_cuda_mul) = operation(prepare, forward, backward);
const ir_op_table IR_NAME(ir_cuda_scale) = operation(nullptr, scale_forward, scale_backward);
