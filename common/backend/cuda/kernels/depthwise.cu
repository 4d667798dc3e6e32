/* Depthwise convolutions: see depthwise.h. cuDNN treats them as many tiny convolutions; here each
 * number is a sum of a few products, whose factors lie in the cache.
 *
 * The time goes into instructions, not into memory. The networks' layers are all 3 x 3 of stride 1:
 * for those a thread goes down a strip of pixels and keeps what neighbours share. Any other layer
 * is computed number by number. */
#include "depthwise.h"

/* TAPS: how many taps' gradients are summed in one launch. STRIP: pixels below one another.
 * STRIPS_EACH: strips that a thread sums up. */
enum { TAPS = 9, STRIP = 8, STRIPS_EACH = 4 };

struct layer {
    ir_shape s, t; /* in, out */
    int kernel, stride, pad, dilation;
};

static layer layer_of(const ir_call *call)
{
    return {call->in[0]->shape, call->shape, call->kernel, call->stride, call->pad, call->dilation};
}

static bool is_plain(const layer &l)
{
    return l.kernel == 3 && l.stride == 1 && l.dilation == 1;
}

static unsigned rows_of(ir_shape s)
{
    return (unsigned)s.n * pixels_of(s);
}

/* ---- 3 x 3 at stride 1 ------------------------------------------------------------------------*/

/* A column of a channel and its two neighbours, read row by row; 0 outside. For a pixel outside,
 * the edge is read and ignored: a conditional load is several instructions. */
struct columns {
    const real *x;
    unsigned at[3], step; /* in row 0; to the row below */
    bool inside[3];
    int rows;

    template <class T> __device__ __forceinline__ void read(int row, T to[3]) const
    {
        const int near = min(max(row, 0), rows - 1);
#pragma unroll
        for (int v = 0; v < 3; v++) {
            const float value = get(x, at[v] + (unsigned)near * step);
            to[v] = near == row && inside[v] ? value : 0;
        }
    }
};

static __device__ __forceinline__ columns columns_at(ir_shape s, const real *x, int n, int left,
                                                     int c)
{
    columns to = {x, {}, (unsigned)s.w * (unsigned)s.c, {}, s.h};
#pragma unroll
    for (int v = 0; v < 3; v++) {
        const int near = min(max(left + v, 0), s.w - 1);
        to.at[v] = index_of(s, n, 0, near, c);
        to.inside[v] = near == left + v;
    }
    return to;
}

/* A shape with one row for each strip. */
static ir_shape strips_of(ir_shape s)
{
    return {s.n, s.c, (s.h + STRIP - 1) / STRIP, s.w};
}

/* y = or += rectify(bias + taps times x). TURNED: the filter is turned by 180 degrees. */
template <bool TURNED>
static void convolve_strips(ir_cuda *cuda, ir_shape from, const real *x, int pad, const real *w,
                            const float *bias, float slope, ir_shape to, real *y, bool add)
{
    const ir_shape strips = strips_of(to);
    const unsigned below = (unsigned)to.w * (unsigned)to.c;
    each(cuda, volume(strips), [=] __device__(unsigned i) {
        const spot p = spot_of(strips, i);
        const int top = p.y * STRIP;
        const columns in = columns_at(from, x, p.n, p.x - pad, p.c);
        const real *filter = w + p.c * TAPS;
        real *out = y + index_of(to, p.n, top, p.x, p.c);
        const float begin = bias ? bias[p.c] : 0;
        float tap[TAPS], seen[STRIP + 2][3], sum[STRIP];
#pragma unroll
        for (unsigned k = 0; k < TAPS; k++)
            tap[k] = get(filter, TURNED ? TAPS - 1 - k : k);
#pragma unroll
        for (int k = 0; k < STRIP + 2; k++)
            in.read(top - pad + k, seen[k]);
#pragma unroll
        for (int k = 0; k < STRIP; k++) {
            sum[k] = begin;
#pragma unroll
            for (int t = 0; t < TAPS; t++)
                sum[k] += tap[t] * seen[k + t / 3][t % 3];
            sum[k] = rectify(sum[k], slope);
            if (add && top + k < to.h)
                sum[k] += get(out, (unsigned)k * below);
        }
#pragma unroll
        for (int k = 0; k < STRIP; k++)
            if (top + k < to.h)
                set(out, (unsigned)k * below, sum[k]);
    });
}

/* Groups of strips: sum_rows sums each in a block of its own, and then sums the groups. As rows of
 * one sum, the strips would be so few that most of a GPU were idle. */
struct grouping {
    unsigned size, groups;
};

static grouping grouping_of(ir_shape s)
{
    const unsigned most = 65535; /* groups that can be launched at a time */
    const unsigned strips = rows_of(strips_of(s));
    unsigned size = BLOCK / sum_shape_for(1, strips, (unsigned)s.c).lanes * (unsigned)STRIPS_EACH;
    if (size < blocks_for(strips, most))
        size = blocks_for(strips, most);
    return {size, blocks_for(strips, size)};
}

/* Bytes of the groups' sums, and of what summing needs. */
static size_t strips_scratch(ir_shape s)
{
    const grouping g = grouping_of(s);
    const size_t channels = (size_t)s.c;
    return g.groups * channels * TAPS * sizeof(double) +
           sum_scratch(TAPS, g.groups, g.size, channels) + sum_scratch(TAPS, 1, g.groups, channels);
}

/* Adds the products of `rows` rows of dy with x, which the first of them reads from row `above` on.
 * In double the products are exact. */
static __device__ __forceinline__ void add_strip(const columns &in, int above, const real *dy,
                                                 unsigned below, int rows, double *sum)
{
    double seen[3][3];
    in.read(above, seen[0]);
    in.read(above + 1, seen[1]);
#pragma unroll 4
    for (int k = 0; k < STRIP; k++) {
        const double g = k < rows ? get(dy, (unsigned)k * below) : 0;
        in.read(above + k + 2, seen[2]);
#pragma unroll
        for (int t = 0; t < TAPS; t++)
            sum[t] += g * seen[t / 3][t % 3];
#pragma unroll
        for (int v = 0; v < 3; v++) {
            seen[0][v] = seen[1][v];
            seen[1][v] = seen[2][v];
        }
    }
}

/* dw[c, tap] = sum over the outputs of dy x */
static void strips_weight_gradient(ir_cuda *cuda, const ir_call *call)
{
    const layer l = layer_of(call);
    const real *x = value_of(call->in[0]), *dy = grad_of(call);
    float *dw = call->weight->grad;
    const grouping g = grouping_of(l.t);
    const ir_shape strips = strips_of(l.t);
    const unsigned rows = rows_of(strips), channels = (unsigned)l.t.c;
    const unsigned below = (unsigned)l.t.w * channels;
    double *partial = static_cast<double *>(call->scratch);
    void *scratch = partial + (size_t)g.groups * channels * TAPS;
    sum_rows<TAPS>(
        cuda, scratch, g.groups, g.size, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            if (row >= rows)
                return;
            const spot p = spot_of({strips.n, 1, strips.h, strips.w}, row);
            const int top = p.y * STRIP;
            const columns in = columns_at(l.s, x, p.n, p.x - l.pad, (int)c);
            add_strip(in, top - l.pad, dy + index_of(l.t, p.n, top, p.x, (int)c), below,
                      l.t.h - top, sum);
        },
        [=] __device__(unsigned group, unsigned c, const double *total) {
            for (int k = 0; k < TAPS; k++)
                partial[((unsigned)k * g.groups + group) * channels + c] = total[k];
        });
    sum_rows<TAPS>(
        cuda, scratch, 1, g.groups, channels,
        [=] __device__(unsigned group, unsigned c, double *sum) {
            for (int k = 0; k < TAPS; k++)
                sum[k] += partial[((unsigned)k * g.groups + group) * channels + c];
        },
        [=] __device__(unsigned, unsigned c, const double *total) {
            for (int k = 0; k < TAPS; k++)
                dw[c * TAPS + (unsigned)k] = (float)total[k];
        });
}

/* ---- any layer --------------------------------------------------------------------------------*/

/* x at tap (u, v) of output p, 0 outside */
static __device__ __forceinline__ float tap_of(const layer &l, const real *x, const spot &p, int u,
                                               int v)
{
    const int i = p.y * l.stride + u * l.dilation - l.pad,
              j = p.x * l.stride + v * l.dilation - l.pad;
    return i < 0 || i >= l.s.h || j < 0 || j >= l.s.w ? 0 : get(x, index_of(l.s, p.n, i, j, p.c));
}

static void forward(ir_cuda *cuda, const ir_call *call, const real *w, const float *bias)
{
    const layer l = layer_of(call);
    const float slope = slope_of(call->activation);
    const real *x = value_of(call->in[0]);
    map(cuda, value_of(call), volume(l.t), false, [=] __device__(unsigned i) {
        const spot p = spot_of(l.t, i);
        float sum = bias ? bias[p.c] : 0;
        for (int u = 0; u < l.kernel; u++)
            for (int v = 0; v < l.kernel; v++)
                sum +=
                    get(w, (unsigned)((p.c * l.kernel + u) * l.kernel + v)) * tap_of(l, x, p, u, v);
        return rectify(sum, slope);
    });
}

/* dw[c, tap] = sum over the outputs of dy x */
static void weight_gradient(ir_cuda *cuda, const ir_call *call, int first)
{
    const layer l = layer_of(call);
    const real *x = value_of(call->in[0]), *dy = grad_of(call);
    float *dw = call->weight->grad;
    const int taps = l.kernel * l.kernel;
    const unsigned channels = (unsigned)l.t.c;
    sum_rows<TAPS>(
        cuda, call->scratch, 1, rows_of(l.t), channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            const unsigned i = row * channels + c;
            const spot p = spot_of(l.t, i);
            const float g = get(dy, i);
            for (int k = 0; k < TAPS; k++)
                if (first + k < taps)
                    sum[k] += g * tap_of(l, x, p, (first + k) / l.kernel, (first + k) % l.kernel);
        },
        [=] __device__(unsigned, unsigned c, const double *total) {
            for (int k = 0; k < TAPS; k++)
                if (first + k < taps)
                    dw[(int)c * taps + first + k] = (float)total[k];
        });
}

/* The output whose tap u reads position i, or -1. */
static __device__ __forceinline__ int reader(const layer &l, int i, int u, int out)
{
    const int at = i + l.pad - u * l.dilation;
    return at < 0 || at % l.stride != 0 || at / l.stride >= out ? -1 : at / l.stride;
}

static void input_gradient(ir_cuda *cuda, const ir_call *call, const real *w)
{
    const layer l = layer_of(call);
    const real *dy = grad_of(call);
    map(cuda, grad_of(call->in[0]), volume(l.s), adds(call, 0), [=] __device__(unsigned i) {
        const spot p = spot_of(l.s, i);
        float sum = 0;
        for (int u = 0; u < l.kernel; u++) {
            const int r = reader(l, p.y, u, l.t.h);
            for (int v = 0; r >= 0 && v < l.kernel; v++) {
                const int q = reader(l, p.x, v, l.t.w);
                if (q >= 0)
                    sum += get(w, (unsigned)((p.c * l.kernel + u) * l.kernel + v)) *
                           get(dy, index_of(l.t, p.n, r, q, p.c));
            }
        }
        return sum;
    });
}

/* ---- either -----------------------------------------------------------------------------------*/

/* What the weights' sums need is enough for the bias's. */
size_t IR_NAME(ir_cuda_depthwise_scratch)(const ir_call *call)
{
    const ir_shape s = call->shape;
    const size_t need = sum_scratch(TAPS, 1, rows_of(s), (size_t)s.c), other = strips_scratch(s);
    return is_plain(layer_of(call)) && other > need ? other : need;
}

void IR_NAME(ir_cuda_depthwise_forward)(ir_cuda *cuda, const ir_call *call, const real *w,
                                        const float *bias)
{
    const layer l = layer_of(call);
    if (is_plain(l))
        convolve_strips<false>(cuda, l.s, value_of(call->in[0]), l.pad, w, bias,
                               slope_of(call->activation), l.t, value_of(call), false);
    else
        forward(cuda, call, w, bias);
}

/* A plain layer's input gradient is the convolution of dy with the filter turned by 180 degrees. */
void IR_NAME(ir_cuda_depthwise_backward)(ir_cuda *cuda, const ir_call *call, const real *w)
{
    const layer l = layer_of(call);
    const int taps = l.kernel * l.kernel;
    if (call->weight->trained && is_plain(l))
        strips_weight_gradient(cuda, call);
    else if (call->weight->trained)
        for (int first = 0; first < taps; first += TAPS)
            weight_gradient(cuda, call, first);
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    if (is_plain(l))
        convolve_strips<true>(cuda, l.t, grad_of(call), 2 - l.pad, w, nullptr, 1, l.s,
                              grad_of(call->in[0]), adds(call, 0));
    else
        input_gradient(cuda, call, w);
}
