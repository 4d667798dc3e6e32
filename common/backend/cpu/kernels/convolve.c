/* One convolution at one size: weights padded to blocks, then oneDNN or plane.c. */
#include "convolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct convolve {
    convolution what;
    int oc, ic;       /* in memory: multiples of B; ic 1 when depthwise */
    ir_dnn_conv *dnn; /* one of the two */
    plane_conv *planes;
    float *padded; /* (oc, ic, k, k) */
    float *bias;   /* (oc) */
};

static int round_up(int c)
{
    return (c + B - 1) / B * B;
}

static ir_dnn_conv *new_dnn(ir_backend *b, const convolution *w, unsigned directions)
{
    const ir_dnn_shape shape = {
        .n = w->src.n,
        .ic = round_up(w->src.c),
        .ih = w->src.h,
        .iw = w->src.w,
        .oc = round_up(w->dst.c),
        .oh = w->dst.h,
        .ow = w->dst.w,
        .kernel = w->kernel,
        .stride = w->stride,
        .pad = w->pad,
        .dilation = w->dilation,
        .depthwise = w->depthwise,
        .exact = w->exact,
        .block = B,
        .bias = w->bias,
        .activation = w->activation.on,
        .slope = w->activation.slope,
    };
    return ir_dnn_conv_new(((ir_cpu *)b)->dnn, &shape, directions);
}

convolve *convolve_new(ir_backend *b, const convolution *what, unsigned directions)
{
    convolve *c = ir_calloc(1, sizeof *c);
    c->what = *what;
    c->oc = round_up(what->dst.c);
    c->ic = what->depthwise ? 1 : round_up(what->src.c);
    const size_t taps = (size_t)(what->kernel * what->kernel);
    c->padded = ir_calloc((size_t)c->oc * (size_t)c->ic * taps, sizeof(float));
    c->bias = ir_calloc((size_t)c->oc, sizeof(float));
    if (what->src.c == 1 || what->dst.c == 1)
        c->planes = plane_conv_new(what, ((ir_cpu *)b)->threads);
    else
        c->dnn = new_dnn(b, what, directions);
    return c;
}

void convolve_free(convolve *c)
{
    if (!c)
        return;
    ir_dnn_conv_free(c->dnn);
    plane_conv_free(c->planes);
    free(c->padded);
    free(c->bias);
    free(c);
}

void convolve_set_weights(convolve *c, const float *oihw)
{
    if (c->planes) {
        plane_conv_weights(c->planes, oihw);
        return;
    }
    const int taps = c->what.kernel * c->what.kernel;
    const size_t row = (size_t)(c->what.depthwise ? 1 : c->what.src.c) * (size_t)taps;
    for (int o = 0; o < c->what.dst.c; o++)
        memcpy(c->padded + (size_t)o * (size_t)c->ic * (size_t)taps, oihw + (size_t)o * row,
               row * sizeof(float));
    ir_dnn_conv_set_weights(c->dnn, c->padded);
}

void convolve_set_bias(convolve *c, const float *bias)
{
    memcpy(c->bias, bias, (size_t)c->what.dst.c * sizeof(float));
}

static bool plane_to_wide(const convolve *c)
{
    return c->what.src.c == 1;
}

void convolve_forward(convolve *c, const float *src, float *dst)
{
    const float *bias = c->what.bias ? c->bias : NULL;
    if (!c->planes)
        ir_dnn_conv_forward(c->dnn, src, c->bias, dst);
    else if (plane_to_wide(c))
        plane_conv_expand(c->planes, src, bias, &c->what.activation, dst);
    else
        plane_conv_contract(c->planes, src, bias, &c->what.activation, dst);
}

void convolve_backward_data(convolve *c, const float *diff_dst, float *diff_src)
{
    if (!c->planes)
        ir_dnn_conv_backward_data(c->dnn, diff_dst, diff_src);
    else if (plane_to_wide(c))
        plane_conv_contract(c->planes, diff_dst, NULL, NULL, diff_src);
    else
        plane_conv_expand(c->planes, diff_dst, NULL, NULL, diff_src);
}

void convolve_backward_weights(convolve *c, const float *src, const float *diff_dst, float *oihw)
{
    if (c->planes) {
        const bool wide_is_dst = plane_to_wide(c);
        plane_conv_gradient(c->planes, wide_is_dst ? diff_dst : src, wide_is_dst ? src : diff_dst,
                            oihw);
        return;
    }
    ir_dnn_conv_backward_weights(c->dnn, src, diff_dst, c->padded);
    const int taps = c->what.kernel * c->what.kernel;
    const size_t row = (size_t)(c->what.depthwise ? 1 : c->what.src.c) * (size_t)taps;
    for (int o = 0; o < c->what.dst.c; o++)
        memcpy(oihw + (size_t)o * row, c->padded + (size_t)o * (size_t)c->ic * (size_t)taps,
               row * sizeof(float));
    /* what lies outside the logical channels must be zero again before the next
     * convolve_set_weights */
    memset(c->padded, 0, (size_t)c->oc * (size_t)c->ic * (size_t)taps * sizeof(float));
}
