/* conv2d and conv_transpose2d as nodes: bias, folded batch norm, activation.
 *
 * A transposed convolution is an ordinary one from its output to its input, run backwards: its
 * forward is the other's backward-data. Depthwise ones have kernels in depthwise.cu; cuDNN computes
 * all others. */
#include <stdlib.h>

#include "backend/cuda/cudnn_convolution.h"
#include "depthwise.h"
#include "device.h"

struct conv_state {
    convolve *conv;   /* nullptr: depthwise */
    uint64_t version; /* of the parameters when weights and bias were made */
    real *weights;    /* folded or rounded; nullptr: the parameters are used as they are */
    float *bias;      /* of a folded batch norm; nullptr: its own */
    real *near_bias; /* the bias rounded, for cuDNN; nullptr: it needs no rounding, or takes none */
};

static bool is_transposed(const ir_call *call)
{
    return call->op == IR_OP_CONV_TRANSPOSE2D;
}

/* Training uses measured algorithms only with --fast: the fastest differs from run to run, and so
 * would the bits. */
static bool is_measured(const ir_cuda *cuda, const ir_call *call)
{
    return !call->depthwise && !is_transposed(call) && (!call->training || cuda->fast);
}

/* Whether cuDNN can add the bias, rounded to the storage of its result, and apply the activation.
 */
static bool takes_bias(const ir_call *call)
{
    const float slope = slope_of(call->activation);
    return !call->depthwise && !is_transposed(call) && (call->bias || call->batchnorm) &&
           (slope == 0 || slope == 1);
}

static convolve *make_convolve(ir_cuda *cuda, const ir_call *call)
{
    const bool transposed = is_transposed(call), training = call->training;
    const ir_shape in = call->in[0]->shape, out = call->shape;
    const convolution what = {
        transposed ? out : in, transposed ? in : out, call->kernel, call->stride, call->pad,
        call->dilation};
    unsigned directions = transposed ? CONVOLVE_DATA : CONVOLVE_FORWARD;
    if (training && call->wants_grad && call->weight->trained)
        directions |= CONVOLVE_WEIGHTS;
    if (training && call->grad_use[0] != IR_GRAD_NONE)
        directions |= transposed ? CONVOLVE_FORWARD : CONVOLVE_DATA;
    return convolve_new(cuda, &what, directions, !cuda->fast, is_measured(cuda, call));
}

static size_t workspace_of(const conv_state *state)
{
    return state->conv ? (convolve_workspace(state->conv) + 255) / 256 * 256 : 0;
}

/* The scratch memory has cuDNN's workspace, then the weights' gradient before it is converted to
 * floats; or else what sums need. */
static void prepare(ir_backend *b, ir_call *call)
{
    conv_state *state = static_cast<conv_state *>(ir_calloc(1, sizeof *state));
    const ir_shape s = call->shape;
    const size_t rows = (size_t)s.n * pixels_of(s);
    if (!call->depthwise)
        state->conv = make_convolve(cuda_of(b), call);
    if (sizeof(real) != sizeof(float) || call->batchnorm)
        state->weights = static_cast<real *>(ir_cuda_alloc(call->weight->size * sizeof(real)));
    if (call->batchnorm)
        state->bias = static_cast<float *>(ir_cuda_alloc((size_t)s.c * sizeof(float)));
    if (sizeof(real) != sizeof(float) && takes_bias(call))
        state->near_bias = static_cast<real *>(ir_cuda_alloc((size_t)s.c * sizeof(real)));
    call->state = state;
    call->scratch_bytes = workspace_of(state);
    if (sizeof(real) != sizeof(float))
        call->scratch_bytes += call->weight->size * sizeof(real);
    const size_t sums = call->depthwise ? IR_NAME(ir_cuda_depthwise_scratch)(call)
                                        : sum_scratch(1, 1, rows, (size_t)s.c);
    if (call->training && sums > call->scratch_bytes)
        call->scratch_bytes = sums;
}

static void release(ir_backend *b, ir_call *call)
{
    conv_state *state = static_cast<conv_state *>(call->state);
    convolve_free(cuda_of(b), state->conv);
    ir_cuda_free(state->weights);
    ir_cuda_free(state->bias);
    ir_cuda_free(state->near_bias);
    free(state);
}

/* ---- weights as they are needed ---------------------------------------------------------------*/

static const real *weights_of(const ir_call *call)
{
    const conv_state *state = static_cast<conv_state *>(call->state);
    return state->weights ? state->weights : reinterpret_cast<real *>(call->weight->value);
}

static const float *bias_of(const ir_call *call)
{
    const conv_state *state = static_cast<conv_state *>(call->state);
    return state->bias ? state->bias : call->bias ? call->bias->value : nullptr;
}

static void round_weights(ir_cuda *cuda, const ir_call *call)
{
    conv_state *state = static_cast<conv_state *>(call->state);
    const float *from = call->weight->value;
    map(cuda, state->weights, (unsigned)call->weight->size, false,
        [=] __device__(unsigned i) { return from[i]; });
}

static void round_bias(ir_cuda *cuda, const ir_call *call)
{
    conv_state *state = static_cast<conv_state *>(call->state);
    const float *from = bias_of(call);
    if (state->near_bias)
        map(cuda, state->near_bias, (unsigned)call->shape.c, false,
            [=] __device__(unsigned i) { return from[i]; });
}

/* Batch norm with running statistics is y = scale x + shift; scale is multiplied into the weights.
 */
static void fold(ir_cuda *cuda, const ir_call *call)
{
    const ir_call *bn = call->batchnorm;
    conv_state *state = static_cast<conv_state *>(call->state);
    const float *gamma = bn->weight->value, *beta = bn->bias->value;
    const float *mean = bn->running_mean->value, *var = bn->running_var->value;
    const float *from = call->weight->value, *bias = call->bias ? call->bias->value : nullptr;
    const double eps = bn->eps;
    const unsigned out = (unsigned)call->shape.c, each_out = (unsigned)call->weight->size / out;
    const bool transposed = is_transposed(call);
    const auto scale = [=] __device__(unsigned o) { return gamma[o] / sqrt(var[o] + eps); };
    map(cuda, state->weights, (unsigned)call->weight->size, false, [=] __device__(unsigned i) {
        return (float)(from[i] * scale(transposed ? i % out : i / each_out));
    });
    map(cuda, state->bias, out, false, [=] __device__(unsigned o) {
        return (float)(beta[o] + scale(o) * ((bias ? bias[o] : 0) - (double)mean[o]));
    });
}

/* In detection the weights are made once; in training forward makes them anew in every step. */
static void refresh(ir_backend *b, ir_call *call)
{
    conv_state *state = static_cast<conv_state *>(call->state);
    if (!state->weights || call->training || state->version == call->version)
        return;
    state->version = call->version;
    if (call->batchnorm)
        fold(cuda_of(b), call);
    else
        round_weights(cuda_of(b), call);
    round_bias(cuda_of(b), call);
}

/* ---- forward ----------------------------------------------------------------------------------*/

static void finish(ir_cuda *cuda, const ir_call *call)
{
    const float *bias = bias_of(call);
    const float slope = slope_of(call->activation);
    const unsigned channels = (unsigned)call->shape.c;
    real *y = value_of(call);
    if (bias || slope != 1)
        map(cuda, y, volume(call->shape), false, [=] __device__(unsigned i) {
            return rectify(get(y, i) + (bias ? bias[i % channels] : 0), slope);
        });
}

static bool forward_with_bias(ir_cuda *cuda, const ir_call *call, const real *w)
{
    conv_state *state = static_cast<conv_state *>(call->state);
    const void *near = state->near_bias, *bias = near ? near : bias_of(call);
    return takes_bias(call) &&
           convolve_forward_bias(cuda, state->conv, value_of(call->in[0]), w, bias,
                                 slope_of(call->activation) == 0, value_of(call), call->scratch);
}

static void forward(ir_backend *b, ir_call *call)
{
    ir_cuda *cuda = cuda_of(b);
    conv_state *state = static_cast<conv_state *>(call->state);
    const real *x = value_of(call->in[0]);
    if (call->training && state->weights) {
        round_weights(cuda, call);
        round_bias(cuda, call);
    }
    const real *w = weights_of(call);
    if (call->depthwise) {
        IR_NAME(ir_cuda_depthwise_forward)(cuda, call, w, bias_of(call));
        return;
    }
    if (forward_with_bias(cuda, call, w))
        return;
    if (is_transposed(call))
        convolve_backward_data(cuda, state->conv, x, w, value_of(call), false, call->scratch);
    else
        convolve_forward(cuda, state->conv, x, w, value_of(call), false, call->scratch);
    finish(cuda, call);
}

/* ---- backward ---------------------------------------------------------------------------------*/

/* The sum over all pixels. */
static void bias_gradient(ir_cuda *cuda, const ir_call *call)
{
    const ir_shape s = call->shape;
    const unsigned channels = (unsigned)s.c;
    const real *dy = grad_of(call);
    float *dbias = call->bias->grad;
    sum_rows<1>(
        cuda, call->scratch, 1, (unsigned)s.n * pixels_of(s), channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            sum[0] += get(dy, row * channels + c);
        },
        [=] __device__(unsigned, unsigned c, const double *total) { dbias[c] = (float)total[0]; });
}

static void weight_gradient(ir_cuda *cuda, const ir_call *call)
{
    conv_state *state = static_cast<conv_state *>(call->state);
    const bool transposed = is_transposed(call);
    const real *x = value_of(call->in[0]), *dy = grad_of(call);
    float *dw = call->weight->grad;
    real *to = reinterpret_cast<real *>(dw);
    if (sizeof(real) != sizeof(float))
        to = reinterpret_cast<real *>(static_cast<char *>(call->scratch) + workspace_of(state));
    convolve_backward_weights(cuda, state->conv, transposed ? dy : x, transposed ? x : dy, to,
                              call->scratch);
    if (sizeof(real) != sizeof(float))
        map(cuda, dw, (unsigned)call->weight->size, false,
            [=] __device__(unsigned i) { return get(to, i); });
}

static void backward(ir_backend *b, ir_call *call)
{
    ir_cuda *cuda = cuda_of(b);
    conv_state *state = static_cast<conv_state *>(call->state);
    const real *w = weights_of(call), *dy = grad_of(call);
    real *dx = grad_of(call->in[0]);
    if (call->bias && call->bias_cancelled)
        b->clear(b, call->bias->grad, call->bias->size * sizeof(float));
    else if (call->bias)
        bias_gradient(cuda, call);
    if (call->depthwise) {
        IR_NAME(ir_cuda_depthwise_backward)(cuda, call, w);
        return;
    }
    if (call->weight->trained)
        weight_gradient(cuda, call);
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    if (is_transposed(call))
        convolve_forward(cuda, state->conv, dy, w, dx, adds(call, 0), call->scratch);
    else
        convolve_backward_data(cuda, state->conv, dy, w, dx, adds(call, 0), call->scratch);
}

static void tune(ir_backend *b, ir_call *call)
{
    ir_cuda *cuda = cuda_of(b);
    conv_state *state = static_cast<conv_state *>(call->state);
    if (!is_measured(cuda, call))
        return;
    const real *x = value_of(call->in[0]), *w = weights_of(call);
    convolve_tune_forward(cuda, state->conv, x, w, value_of(call), call->scratch);
    if (call->training && call->wants_grad && sizeof(real) == sizeof(float))
        convolve_tune_backward(cuda, state->conv, x, w, grad_of(call),
                               call->grad_use[0] == IR_GRAD_NONE ? nullptr : grad_of(call->in[0]),
                               call->weight->trained ? call->weight->grad : nullptr, call->scratch);
}

const ir_op_table IR_NAME(ir_cuda_conv2d) = operation(prepare, forward, backward, release, nullptr,
                                                      refresh, tune);
const ir_op_table IR_NAME(ir_cuda_conv_transpose2d) = operation(prepare, forward, backward, release,
                                                                nullptr, refresh, tune);
