/* Depthwise convolutions: see depthwise.h. cuDNN treats them as many tiny convolutions; each number
 * here is a few products that lie in the cache. */
#include "depthwise.h"

/* Taps whose gradients are summed in one launch. */
enum { TAPS = 9 };

struct layer {
    ir_shape s, t; /* in, out */
    int kernel, stride, pad, dilation;
};

static layer layer_of(const ir_node *node)
{
    return {node->in[0]->shape, node->shape, node->kernel, node->stride, node->pad, node->dilation};
}

static unsigned rows_of(ir_shape s)
{
    return (unsigned)s.n * pixels_of(s);
}

size_t IR_NAME(ir_cuda_depthwise_scratch)(const ir_node *node)
{
    return sum_scratch(TAPS, 1, rows_of(node->shape), (size_t)node->shape.c);
}

/* x at tap (u, v) of output p, 0 outside */
static __device__ __forceinline__ float tap_of(const layer &l, const real *x, const spot &p, int u,
                                               int v)
{
    const int i = p.y * l.stride + u * l.dilation - l.pad,
              j = p.x * l.stride + v * l.dilation - l.pad;
    return i < 0 || i >= l.s.h || j < 0 || j >= l.s.w ? 0 : get(x, index_of(l.s, p.n, i, j, p.c));
}

void IR_NAME(ir_cuda_depthwise_forward)(ir_cuda *cuda, const ir_node *node, const real *w,
                                        const float *bias)
{
    const layer l = layer_of(node);
    const float slope = slope_of(node->activation);
    const real *x = value_of(node->in[0]);
    map(cuda, value_of(node), volume(l.t), false, [=] __device__(unsigned i) {
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
static void weight_gradient(ir_cuda *cuda, const ir_node *node, int first)
{
    const layer l = layer_of(node);
    const real *x = value_of(node->in[0]), *dy = grad_of(node);
    float *dw = node->weight->grad;
    const int taps = l.kernel * l.kernel;
    const unsigned channels = (unsigned)l.t.c;
    sum_rows<TAPS>(
        cuda, node->scratch, 1, rows_of(l.t), channels,
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

/* The output that tap u of it reads position i, or -1. */
static __device__ __forceinline__ int reader(const layer &l, int i, int u, int out)
{
    const int at = i + l.pad - u * l.dilation;
    return at < 0 || at % l.stride != 0 || at / l.stride >= out ? -1 : at / l.stride;
}

static void input_gradient(ir_cuda *cuda, const ir_node *node, const real *w)
{
    const layer l = layer_of(node);
    const real *dy = grad_of(node);
    map(cuda, grad_of(node->in[0]), volume(l.s), adds(node, 0), [=] __device__(unsigned i) {
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

void IR_NAME(ir_cuda_depthwise_backward)(ir_cuda *cuda, const ir_node *node, const real *w)
{
    const int taps = node->kernel * node->kernel;
    if (node->weight->trained)
        for (int first = 0; first < taps; first += TAPS)
            weight_gradient(cuda, node, first);
    if (node->grad_use[0] != IR_GRAD_NONE)
        input_gradient(cuda, node, w);
}
