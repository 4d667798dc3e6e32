/* One convolution at one size: which implementation computes each direction. */
#include "convolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "bf16.h"
#include "direct.h"
#include "winograd.h"

struct convolve {
    convolution what;
    bf16_conv *bf16;          /* it computes all directions; or NULL */
    float *rounded_weights;   /* the others get numbers rounded to bfloat16; or NULL */
    winograd *forward, *data; /* each may be NULL */
    winograd_gradient *gradient;
    /* one of these computes the directions that are left; or both are NULL */
    ir_dnn_conv *dnn;
    direct *direct;
    unsigned left;
    plane_conv *planes; /* it computes all directions, where one side is a plane; or NULL */
    int oc, ic;         /* channels in memory: multiples of B; ic 1 when depthwise */
    float *bias;        /* (oc) */
};

static int round_up(int c)
{
    return (c + B - 1) / B * B;
}

static size_t taps_of(const convolve *c)
{
    return (size_t)(c->what.kernel * c->what.kernel);
}

/* Floats of one output channel's weights, without padding. */
static size_t row_size(const convolve *c)
{
    return (size_t)(c->what.depthwise ? 1 : c->what.src.c) * taps_of(c);
}

static size_t weights_size(const convolve *c)
{
    return (size_t)c->what.dst.c * row_size(c);
}

/* Floats of the weights padded to whole blocks. */
static size_t padded_size(const convolve *c)
{
    return (size_t)c->oc * (size_t)c->ic * taps_of(c);
}

static ir_dnn_shape shape_of(const convolution *w)
{
    return (ir_dnn_shape){
        .n = w->src.n,
        .batch = w->batch,
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
        .block = B,
        .bias = w->bias,
        .activation = w->activation.on,
        .slope = w->activation.slope,
    };
}

/* Sets up Winograd's algorithm where it pays; returns the remaining directions. */
static unsigned without_winograd(ir_backend *b, convolve *c, unsigned directions)
{
    const convolution *what = &c->what;
    const unsigned by = directions & winograd_directions(what);
    if (by & IR_DNN_FORWARD)
        c->forward = winograd_new(b, what, IR_DNN_FORWARD);
    if (by & IR_DNN_DATA)
        c->data = winograd_new(b, what, IR_DNN_DATA);
    if (by & IR_DNN_WEIGHTS)
        c->gradient = winograd_gradient_new(what, ((ir_cpu *)b)->threads);
    return directions & ~by;
}

/* Whether bf16.c computes it. If not, c rounds its arguments, unless IR_AUTO asked for speed only.
 */
static bool set_bf16(ir_backend *b, convolve *c, const ir_dnn_shape *shape, unsigned directions)
{
    c->bf16 = bf16_new(b, &c->what, shape, directions);
    if (!c->bf16 && ((ir_cpu *)b)->precision != IR_AUTO)
        c->rounded_weights = ir_aligned(weights_size(c) * sizeof(float));
    return c->bf16;
}

convolve *convolve_new(ir_backend *b, const convolution *what, unsigned directions)
{
    const ir_cpu *cpu = (ir_cpu *)b;
    const ir_dnn_shape shape = shape_of(what);
    convolve *c = ir_calloc(1, sizeof *c);
    c->what = *what;
    c->oc = round_up(what->dst.c);
    c->ic = what->depthwise ? 1 : round_up(what->src.c);
    c->bias = ir_aligned((size_t)c->oc * sizeof(float));
    memset(c->bias, 0, (size_t)c->oc * sizeof(float));
    if (what->src.c == 1 || what->dst.c == 1) {
        c->planes = plane_conv_new(what, cpu->threads);
        return c;
    }
    if (what->bf16 && bf16_suits(what) && set_bf16(b, c, &shape, directions))
        return c;
    c->left = without_winograd(b, c, directions);
    if (c->left && cpu->direct)
        c->direct = direct_new(&shape, cpu->threads);
    else if (c->left)
        c->dnn = ir_dnn_conv_new(cpu->dnn, &shape, c->left);
    return c;
}

void convolve_free(convolve *c)
{
    if (!c)
        return;
    bf16_free(c->bf16);
    free(c->rounded_weights);
    winograd_free(c->forward);
    winograd_free(c->data);
    winograd_gradient_free(c->gradient);
    ir_dnn_conv_free(c->dnn);
    direct_free(c->direct);
    plane_conv_free(c->planes);
    free(c->bias);
    free(c);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t convolve_packed_bytes(const convolve *c)
{
    size_t copies = c->direct ? 2 : 0;
    if (c->bf16)
        return bf16_packed_bytes(c->bf16);
    for (unsigned d = IR_DNN_FORWARD; d <= IR_DNN_WEIGHTS && c->dnn; d *= 2)
        copies += (c->left & d) != 0;
    return copies * padded_size(c) * sizeof(float) +
           (c->rounded_weights ? weights_size(c) * sizeof(float) : 0);
}

/* Floats of the buffer for a rounded tensor. */
static size_t place_of(ir_shape s)
{
    enum { ALIGN = 64 };
    return (volume(s) + ALIGN - 1) / ALIGN * ALIGN;
}

/* Bytes of the padded weights; what bf16.c needs comes after them. */
static size_t padded_bytes(const convolve *c)
{
    enum { ALIGN = 256 };
    return (padded_size(c) * sizeof(float) + ALIGN - 1) / ALIGN * ALIGN;
}

/* Without the buffers for rounded tensors. */
static size_t own_scratch_bytes(const convolve *c)
{
    size_t most = c->left ? padded_size(c) * sizeof(float) : 0;
    most = c->forward ? larger(most, winograd_scratch_bytes(c->forward)) : most;
    most = c->data ? larger(most, winograd_scratch_bytes(c->data)) : most;
    return c->gradient ? larger(most, winograd_gradient_scratch_bytes(c->gradient)) : most;
}

size_t convolve_scratch_bytes(const convolve *c)
{
    if (c->bf16)
        return padded_bytes(c) + bf16_scratch_bytes(c->bf16);
    if (c->rounded_weights)
        return (place_of(c->what.src) + place_of(c->what.dst)) * sizeof(float) +
               own_scratch_bytes(c);
    return own_scratch_bytes(c);
}

/* x, a tensor of that shape, or where rounding is due its rounded copy at the beginning of the
 * scratch memory; *scratch then becomes what is left of that. */
static const float *rounded(const convolve *c, ir_shape s, const float *x, void **scratch)
{
    float *to = *scratch;
    if (!c->rounded_weights)
        return x;
    bf16_round(to, x, volume(s));
    *scratch = to + place_of(s);
    return to;
}

/* Copies weights into padded ones, or back. */
static void copy_filters(const convolve *c, float *to, size_t to_row, const float *from,
                         size_t from_row)
{
    const size_t row = row_size(c);
    for (size_t o = 0; o < (size_t)c->what.dst.c; o++)
        memcpy(to + o * to_row, from + o * from_row, row * sizeof(float));
}

void convolve_set_weights(convolve *c, const float *oihw, uint64_t version, void *scratch)
{
    if (c->planes)
        plane_conv_weights(c->planes, oihw);
    if (c->rounded_weights) {
        bf16_round(c->rounded_weights, oihw, weights_size(c));
        oihw = c->rounded_weights;
    }
    if (c->forward)
        winograd_set_weights(c->forward, oihw, version);
    if (c->data)
        winograd_set_weights(c->data, oihw, version);
    if (!c->left && !c->bf16)
        return;
    memset(scratch, 0, padded_size(c) * sizeof(float));
    copy_filters(c, scratch, (size_t)c->ic * taps_of(c), oihw, row_size(c));
    if (c->bf16)
        bf16_set_weights(c->bf16, scratch);
    else if (c->direct)
        direct_set_weights(c->direct, scratch);
    else
        ir_dnn_conv_set_weights(c->dnn, scratch);
}

void convolve_set_bias(convolve *c, const float *bias)
{
    memcpy(c->bias, bias, (size_t)c->what.dst.c * sizeof(float));
}

static bool plane_to_wide(const convolve *c)
{
    return c->what.src.c == 1;
}

void convolve_forward(convolve *c, const float *src, float *dst, void *scratch)
{
    const float *bias = c->what.bias ? c->bias : NULL;
    const ir_activation *activation = &c->what.activation;
    src = rounded(c, c->what.src, src, &scratch);
    if (c->bf16)
        bf16_forward(c->bf16, src, c->bias, dst, scratch);
    else if (c->forward)
        winograd_run(c->forward, src,
                     (winograd_end){.bias = bias, .slope = activation->on ? activation->slope : 1},
                     dst, scratch);
    else if (c->direct)
        direct_forward(c->direct, src, c->bias, dst);
    else if (!c->planes)
        ir_dnn_conv_forward(c->dnn, src, c->bias, dst);
    else if (plane_to_wide(c))
        plane_conv_expand(c->planes, src, bias, activation, dst);
    else
        plane_conv_contract(c->planes, src, bias, activation, dst);
}

bool convolve_adds(const convolve *c)
{
    return c->bf16 || c->data;
}

static void backward_data(convolve *c, const float *diff_dst, float *diff_src, bool add,
                          void *scratch)
{
    if (c->data)
        winograd_run(c->data, diff_dst, (winograd_end){.slope = 1, .add = add}, diff_src, scratch);
    else if (c->direct)
        direct_backward_data(c->direct, diff_dst, diff_src);
    else if (!c->planes)
        ir_dnn_conv_backward_data(c->dnn, diff_dst, diff_src);
    else if (plane_to_wide(c))
        plane_conv_contract(c->planes, diff_dst, NULL, NULL, diff_src);
    else
        plane_conv_expand(c->planes, diff_dst, NULL, NULL, diff_src);
}

/* Copies a padded gradient without its padding. */
static void without_padding(const convolve *c, const float *padded, float *oihw)
{
    copy_filters(c, oihw, row_size(c), padded, (size_t)c->ic * taps_of(c));
}

static void gradient(convolve *c, const float *src, const float *diff_dst, float *oihw,
                     void *scratch)
{
    const bool wide_is_dst = plane_to_wide(c);
    if (c->gradient) {
        winograd_gradient_run(c->gradient, src, diff_dst, oihw, scratch);
    } else if (c->planes) {
        plane_conv_gradient(c->planes, wide_is_dst ? diff_dst : src, wide_is_dst ? src : diff_dst,
                            oihw);
    } else {
        if (c->direct)
            direct_backward_weights(c->direct, src, diff_dst, scratch);
        else
            ir_dnn_conv_backward_weights(c->dnn, src, diff_dst, scratch);
        without_padding(c, scratch, oihw);
    }
}

void convolve_backward(convolve *c, const float *src, const float *diff_dst, float *oihw,
                       float *diff_src, bool add, void *scratch)
{
    if (c->bf16) {
        bf16_backward(c->bf16, src, diff_dst, oihw ? scratch : NULL, diff_src, add,
                      (char *)scratch + padded_bytes(c));
        if (oihw)
            without_padding(c, scratch, oihw);
        return;
    }
    diff_dst = rounded(c, c->what.dst, diff_dst, &scratch);
    if (oihw)
        gradient(c, rounded(c, c->what.src, src, &scratch), diff_dst, oihw, scratch);
    if (diff_src)
        backward_data(c, diff_dst, diff_src, add, scratch);
}
