/* conv2d and conv_transpose2d as nodes: bias, folded batch norm, activation, gradients that add.
 *
 * A transposed convolution is an ordinary one from its output to its input, run backwards. Its
 * forward is the other's backward-data; its weights (in, out, k, k) are the other's (oc, ic, k, k).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "convolve.h"

enum { TENSOR_ALIGN = 256 };

typedef struct {
    convolve *conv;
    uint64_t version; /* of the parameters when the weights were packed */
    float *scale;     /* per output channel, of the folded batch norm */
    float *bias;      /* what is added per output channel; padded to lanes */
    double *partial;  /* [thread][padded channel], for the bias's gradient */
} conv_state;

static bool is_transposed(const ir_call *call)
{
    return call->op == IR_OP_CONV_TRANSPOSE2D;
}

static unsigned forward_direction(const ir_call *call)
{
    return is_transposed(call) ? IR_DNN_DATA : IR_DNN_FORWARD;
}

static int padded_channels(ir_shape s)
{
    return blocks(s.c) * lanes(s.c);
}

/* Whether forward adds a bias: its own, or that of a folded batch norm. */
static bool has_bias(const ir_call *call)
{
    return call->bias || call->batchnorm;
}

/* Whether the input's gradient must be added to in a second step, as the convolution cannot add. */
static bool adds_later(const ir_call *call, const conv_state *state)
{
    return call->grad_use[0] == IR_GRAD_ADD && (is_transposed(call) || !convolve_adds(state->conv));
}

/* What lies in the scratch memory before the convolution's own part: in forward the folded weights,
 * in backward a gradient that is still to be added. */
static size_t own_scratch_bytes(const ir_call *call, const conv_state *state)
{
    size_t floats = call->batchnorm ? call->weight->size : 0;
    if (adds_later(call, state))
        floats = volume(call->in[0]->shape);
    return (floats * sizeof(float) + TENSOR_ALIGN - 1) / TENSOR_ALIGN * TENSOR_ALIGN;
}

static void *convolve_scratch(const ir_call *call)
{
    return (char *)call->scratch + own_scratch_bytes(call, call->state);
}

/* Whether its factors may be rounded to bfloat16. */
static bool may_round(const ir_backend *b, const ir_call *call)
{
    const ir_precision precision = ((const ir_cpu *)b)->precision;
    return (precision == IR_BF16 || precision == IR_AUTO) && !call->fp32 && !call->in[0]->fp32;
}

static void prepare(ir_backend *b, ir_call *call)
{
    conv_state *state = ir_calloc(1, sizeof *state);
    const bool transposed = is_transposed(call);
    const ir_shape in = call->in[0]->shape, out = call->shape;
    const ir_activation none = {0};
    const convolution what = {
        .src = transposed ? out : in,
        .dst = transposed ? in : out,
        .batch = call->batch,
        .kernel = call->kernel,
        .stride = call->stride,
        .pad = call->pad,
        .dilation = call->dilation,
        .depthwise = call->depthwise,
        .bf16 = may_round(b, call),
        /* An error of 1e-6 moves more values across a ReLU's kink than one of 1e-7, and each such
         * value changes gradients by a finite amount. */
        .weights_of = call->weight,
        .folded = call->batchnorm ? call->batchnorm->weight : NULL,
        .direct = call->training ? forward_direction(call) : 0,
        .bias = !transposed && has_bias(call),
        .activation = transposed ? none : call->activation,
    };
    unsigned directions = forward_direction(call);
    if (call->training && call->wants_grad && call->weight->trained)
        directions |= IR_DNN_WEIGHTS;
    if (call->training && call->grad_use[0] != IR_GRAD_NONE)
        directions |= transposed ? IR_DNN_FORWARD : IR_DNN_DATA;
    state->conv = convolve_new(b, &what, directions);
    const size_t channels = (size_t)padded_channels(out);
    state->scale = ir_calloc(channels, sizeof(float));
    state->bias = ir_calloc(channels, sizeof(float));
    state->partial = ir_calloc(channels * (size_t)((ir_cpu *)b)->threads, sizeof(double));
    call->state = state;
    call->state_bytes = convolve_packed_bytes(state->conv);
    call->scratch_bytes = own_scratch_bytes(call, state) + convolve_scratch_bytes(state->conv);
}

static void release(ir_backend *b, ir_call *call)
{
    (void)b;
    conv_state *state = call->state;
    convolve_free(state->conv);
    free(state->scale);
    free(state->bias);
    free(state->partial);
    free(state);
    call->state = NULL;
}

/* Batch norm with running statistics is y = scale x + shift; the weights are multiplied by scale.
 */
static void fold(const ir_call *call, conv_state *state, float *weights)
{
    const ir_call *bn = call->batchnorm;
    const int channels = call->shape.c;
    for (int o = 0; o < channels; o++) {
        const double inverse = 1 / sqrt((double)bn->running_var->value[o] + bn->eps);
        const double scale = bn->weight->value[o] * inverse;
        const double bias = call->bias ? call->bias->value[o] : 0;
        state->scale[o] = (float)scale;
        state->bias[o] =
            (float)(bn->bias->value[o] + scale * (bias - (double)bn->running_mean->value[o]));
    }
    const size_t taps = (size_t)(call->kernel * call->kernel), size = call->weight->size;
    const size_t inner = is_transposed(call) ? taps : size / (size_t)channels;
    for (size_t i = 0; i < size; i++)
        weights[i] = call->weight->value[i] * state->scale[i / inner % (size_t)channels];
}

static void pack(const ir_call *call, conv_state *state)
{
    if (state->version == call->version)
        return;
    state->version = call->version;
    if (call->batchnorm)
        fold(call, state, call->scratch);
    else if (call->bias)
        memcpy(state->bias, call->bias->value, call->bias->size * sizeof(float));
    convolve_set_weights(state->conv, call->batchnorm ? call->scratch : call->weight->value,
                         call->version, convolve_scratch(call));
    if (!is_transposed(call) && has_bias(call))
        convolve_set_bias(state->conv, state->bias);
}

static inline void add_bias_lanes(float *y, size_t pixels, int v, const float *bias,
                                  ir_activation activation)
{
    const float slope = activation.on ? activation.slope : 1;
    for (size_t i = 0; i < pixels; i++) {
        for (int l = 0; l < v; l++) {
            const float value = y[i * (size_t)v + (size_t)l] + bias[l];
            y[i * (size_t)v + (size_t)l] = value < 0 ? slope * value : value;
        }
    }
}

static void add_bias(ir_call *call, const conv_state *state)
{
    const ir_shape s = call->shape;
    const int nb = blocks(s.c), v = lanes(s.c);
    const size_t row = (size_t)s.w * (size_t)v;
#pragma omp parallel for collapse(2) schedule(static)
    for (int i = 0; i < s.n * nb; i++) {
        for (int y = 0; y < s.h; y++) {
            float *out = call->value + ((size_t)i * (size_t)s.h + (size_t)y) * row;
            const float *bias = state->bias + i % nb * v;
            if (v == B)
                add_bias_lanes(out, (size_t)s.w, B, bias, call->activation);
            else
                add_bias_lanes(out, (size_t)s.w, 1, bias, call->activation);
        }
    }
}

static void forward(ir_backend *b, ir_call *call)
{
    (void)b;
    conv_state *state = call->state;
    pack(call, state);
    const float *x = call->in[0]->value;
    if (!is_transposed(call)) {
        convolve_forward(state->conv, x, call->value, convolve_scratch(call));
        return;
    }
    convolve_backward(state->conv, NULL, x, NULL, call->value, false, convolve_scratch(call));
    if (has_bias(call) || call->activation.on)
        add_bias(call, state);
}

/* The bias's gradient: the sum over all pixels, within a row in float, over the rows in double. */
static void bias_gradient(ir_backend *b, const ir_call *call, conv_state *state)
{
    const ir_shape s = call->shape;
    const int nb = blocks(s.c), v = lanes(s.c), threads = ((ir_cpu *)b)->threads;
    const int channels = nb * v;
    const size_t row = (size_t)s.w * (size_t)v;
    memset(state->partial, 0, (size_t)(channels * threads) * sizeof(double));
#pragma omp parallel num_threads(threads)
    {
        double *sum = state->partial + omp_get_thread_num() * channels;
#pragma omp for collapse(2) schedule(static)
        for (int i = 0; i < s.n * nb; i++) {
            for (int y = 0; y < s.h; y++) {
                const float *dy = call->grad + ((size_t)i * (size_t)s.h + (size_t)y) * row;
                float part[B] = {0};
                for (int x = 0; x < s.w; x++)
                    for (int l = 0; l < v; l++)
                        part[l] += dy[x * v + l];
                for (int l = 0; l < v; l++)
                    sum[i % nb * v + l] += (double)part[l];
            }
        }
    }
    for (int c = 0; c < s.c; c++) {
        double total = 0;
        for (int t = 0; t < threads; t++)
            total += state->partial[t * channels + c];
        call->bias->grad[c] = (float)total;
    }
}

static void add_into(float *to, const float *from, size_t count)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

static void backward(ir_backend *b, ir_call *call)
{
    conv_state *state = call->state;
    ir_call *in = call->in[0];
    const bool transposed = is_transposed(call);
    if (call->bias && call->bias_cancelled)
        memset(call->bias->grad, 0, call->bias->size * sizeof(float));
    else if (call->bias)
        bias_gradient(b, call, state);
    void *scratch = convolve_scratch(call);
    float *weights = call->weight->trained ? call->weight->grad : NULL;
    const bool wanted = call->grad_use[0] != IR_GRAD_NONE, later = adds_later(call, state);
    float *dx = later ? call->scratch : in->grad;
    if (!transposed) {
        convolve_backward(state->conv, in->value, call->grad, weights, wanted ? dx : NULL,
                          call->grad_use[0] == IR_GRAD_ADD, scratch);
    } else {
        convolve_backward(state->conv, call->grad, in->value, weights, NULL, false, scratch);
        if (wanted)
            convolve_forward(state->conv, call->grad, dx, scratch);
    }
    if (later)
        add_into(in->grad, dx, volume(in->shape));
}

const ir_op_table IR_NAME(ir_cpu_conv2d) = {
    .prepare = prepare, .forward = forward, .backward = backward, .release = release};
const ir_op_table IR_NAME(ir_cpu_conv_transpose2d) = {
    .prepare = prepare, .forward = forward, .backward = backward, .release = release};
