/* conv2d and conv_transpose2d as nodes: bias, folded batch norm, activation.
 *
 * A transposed convolution is the convolution from its output to its input, run backwards: its
 * forward is that one's backward-data. Depthwise ones have kernels in depthwise.cu, all others are
 * cuDNN's. */
#include <stdlib.h>

#include "backend/cuda/convolve.h"
#include "depthwise.h"
#include "device.h"

struct conv_state {
    convolve *conv;   /* nullptr: depthwise */
    uint64_t version; /* of the parameters when weights and bias were made */
    real *weights;    /* folded or rounded; nullptr: the parameters are used as they are */
    float *bias;      /* of a folded batch norm; nullptr: the node's own */
    real *near_bias; /* the bias rounded, for cuDNN; nullptr: it needs no rounding, or takes none */
};

static bool is_transposed(const ir_node *node)
{
    return node->op == IR_OP_CONV_TRANSPOSE2D;
}

static bool is_training(const ir_node *node)
{
    return ir_graph_mode(node->graph) != IR_DETECTION;
}

/* Training takes measured algorithms only with --fast: what was fastest differs from run to run,
 * and so would the bits. */
static bool is_measured(const ir_cuda *cuda, const ir_node *node)
{
    return !node->depthwise && !is_transposed(node) && (!is_training(node) || cuda->fast);
}

/* cuDNN can add a bias, rounded to the kind of number that it writes, and apply a ReLU. */
static bool takes_bias(const ir_node *node)
{
    const float slope = slope_of(node->activation);
    return !node->depthwise && !is_transposed(node) && (node->bias || node->batchnorm) &&
           (slope == 0 || slope == 1);
}

static convolve *make_convolve(ir_cuda *cuda, const ir_node *node)
{
    const bool transposed = is_transposed(node), training = is_training(node);
    const ir_shape in = node->in[0]->shape, out = node->shape;
    const convolution what = {
        transposed ? out : in, transposed ? in : out, node->kernel, node->stride, node->pad,
        node->dilation};
    unsigned directions = transposed ? CONVOLVE_DATA : CONVOLVE_FORWARD;
    if (training && node->wants_grad && node->weight->trained)
        directions |= CONVOLVE_WEIGHTS;
    if (training && node->grad_use[0] != IR_GRAD_NONE)
        directions |= transposed ? CONVOLVE_FORWARD : CONVOLVE_DATA;
    return convolve_new(cuda, &what, directions, !cuda->fast, is_measured(cuda, node));
}

static size_t workspace_of(const conv_state *state)
{
    return state->conv ? (convolve_workspace(state->conv) + 255) / 256 * 256 : 0;
}

/* scratch: cuDNN's workspace, then a weight gradient that is still to become floats; or what sums
 * need. */
static void prepare(ir_backend *b, ir_node *node)
{
    conv_state *state = static_cast<conv_state *>(ir_calloc(1, sizeof *state));
    const ir_shape s = node->shape;
    const size_t rows = (size_t)s.n * pixels_of(s);
    if (!node->depthwise)
        state->conv = make_convolve(cuda_of(b), node);
    if (sizeof(real) != sizeof(float) || node->batchnorm)
        state->weights = static_cast<real *>(ir_cuda_alloc(node->weight->size * sizeof(real)));
    if (node->batchnorm)
        state->bias = static_cast<float *>(ir_cuda_alloc((size_t)s.c * sizeof(float)));
    if (sizeof(real) != sizeof(float) && takes_bias(node))
        state->near_bias = static_cast<real *>(ir_cuda_alloc((size_t)s.c * sizeof(real)));
    node->state = state;
    node->scratch_bytes = workspace_of(state);
    if (sizeof(real) != sizeof(float))
        node->scratch_bytes += node->weight->size * sizeof(real);
    const size_t sums = node->depthwise ? IR_NAME(ir_cuda_depthwise_scratch)(node)
                                        : sum_scratch(1, 1, rows, (size_t)s.c);
    if (is_training(node) && sums > node->scratch_bytes)
        node->scratch_bytes = sums;
}

static void release(ir_backend *b, ir_node *node)
{
    conv_state *state = static_cast<conv_state *>(node->state);
    convolve_free(cuda_of(b), state->conv);
    ir_cuda_free(state->weights);
    ir_cuda_free(state->bias);
    ir_cuda_free(state->near_bias);
    free(state);
}

/* ---- weights as they are needed ---------------------------------------------------------------*/

static const real *weights_of(const ir_node *node)
{
    const conv_state *state = static_cast<conv_state *>(node->state);
    return state->weights ? state->weights : reinterpret_cast<real *>(node->weight->value);
}

static const float *bias_of(const ir_node *node)
{
    const conv_state *state = static_cast<conv_state *>(node->state);
    return state->bias ? state->bias : node->bias ? node->bias->value : nullptr;
}

static void round_weights(ir_cuda *cuda, const ir_node *node)
{
    conv_state *state = static_cast<conv_state *>(node->state);
    const float *from = node->weight->value;
    map(cuda, state->weights, (unsigned)node->weight->size, false,
        [=] __device__(unsigned i) { return from[i]; });
}

static void round_bias(ir_cuda *cuda, const ir_node *node)
{
    conv_state *state = static_cast<conv_state *>(node->state);
    const float *from = bias_of(node);
    if (state->near_bias)
        map(cuda, state->near_bias, (unsigned)node->shape.c, false,
            [=] __device__(unsigned i) { return from[i]; });
}

/* Batch norm with running statistics is y = scale x + shift; scale goes into the weights. */
static void fold(ir_cuda *cuda, const ir_node *node)
{
    const ir_node *bn = node->batchnorm;
    conv_state *state = static_cast<conv_state *>(node->state);
    const float *gamma = bn->weight->value, *beta = bn->bias->value;
    const float *mean = bn->running_mean->value, *var = bn->running_var->value;
    const float *from = node->weight->value, *bias = node->bias ? node->bias->value : nullptr;
    const double eps = bn->eps;
    const unsigned out = (unsigned)node->shape.c, each_out = (unsigned)node->weight->size / out;
    const bool transposed = is_transposed(node);
    const auto scale = [=] __device__(unsigned o) { return gamma[o] / sqrt(var[o] + eps); };
    map(cuda, state->weights, (unsigned)node->weight->size, false, [=] __device__(unsigned i) {
        return (float)(from[i] * scale(transposed ? i % out : i / each_out));
    });
    map(cuda, state->bias, out, false, [=] __device__(unsigned o) {
        return (float)(beta[o] + scale(o) * ((bias ? bias[o] : 0) - (double)mean[o]));
    });
}

/* When detecting, weights are made once; when training they are new in every step. */
static void refresh(ir_backend *b, ir_node *node)
{
    conv_state *state = static_cast<conv_state *>(node->state);
    const uint64_t version = ir_node_weights_version(node);
    if (!state->weights || is_training(node) || state->version == version)
        return;
    state->version = version;
    if (node->batchnorm)
        fold(cuda_of(b), node);
    else
        round_weights(cuda_of(b), node);
    round_bias(cuda_of(b), node);
}

/* ---- forward ----------------------------------------------------------------------------------*/

static void finish(ir_cuda *cuda, const ir_node *node)
{
    const float *bias = bias_of(node);
    const float slope = slope_of(node->activation);
    const unsigned channels = (unsigned)node->shape.c;
    real *y = value_of(node);
    if (bias || slope != 1)
        map(cuda, y, volume(node->shape), false, [=] __device__(unsigned i) {
            return rectify(get(y, i) + (bias ? bias[i % channels] : 0), slope);
        });
}

static bool forward_with_bias(ir_cuda *cuda, const ir_node *node, const real *w)
{
    conv_state *state = static_cast<conv_state *>(node->state);
    const void *near = state->near_bias, *bias = near ? near : bias_of(node);
    return takes_bias(node) &&
           convolve_forward_bias(cuda, state->conv, value_of(node->in[0]), w, bias,
                                 slope_of(node->activation) == 0, value_of(node), node->scratch);
}

static void forward(ir_backend *b, ir_node *node)
{
    ir_cuda *cuda = cuda_of(b);
    conv_state *state = static_cast<conv_state *>(node->state);
    const real *x = value_of(node->in[0]);
    if (is_training(node) && state->weights) {
        round_weights(cuda, node);
        round_bias(cuda, node);
    }
    const real *w = weights_of(node);
    if (node->depthwise) {
        IR_NAME(ir_cuda_depthwise_forward)(cuda, node, w, bias_of(node));
        return;
    }
    if (forward_with_bias(cuda, node, w))
        return;
    if (is_transposed(node))
        convolve_backward_data(cuda, state->conv, x, w, value_of(node), false, node->scratch);
    else
        convolve_forward(cuda, state->conv, x, w, value_of(node), false, node->scratch);
    finish(cuda, node);
}

/* ---- backward ---------------------------------------------------------------------------------*/

/* The sum over all pixels. */
static void bias_gradient(ir_cuda *cuda, const ir_node *node)
{
    const ir_shape s = node->shape;
    const unsigned channels = (unsigned)s.c;
    const real *dy = grad_of(node);
    float *dbias = node->bias->grad;
    sum_rows<1>(
        cuda, node->scratch, 1, (unsigned)s.n * pixels_of(s), channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            sum[0] += get(dy, row * channels + c);
        },
        [=] __device__(unsigned, unsigned c, const double *total) { dbias[c] = (float)total[0]; });
}

static void weight_gradient(ir_cuda *cuda, const ir_node *node)
{
    conv_state *state = static_cast<conv_state *>(node->state);
    const bool transposed = is_transposed(node);
    const real *x = value_of(node->in[0]), *dy = grad_of(node);
    float *dw = node->weight->grad;
    real *to = reinterpret_cast<real *>(dw);
    if (sizeof(real) != sizeof(float))
        to = reinterpret_cast<real *>(static_cast<char *>(node->scratch) + workspace_of(state));
    convolve_backward_weights(cuda, state->conv, transposed ? dy : x, transposed ? x : dy, to,
                              node->scratch);
    if (sizeof(real) != sizeof(float))
        map(cuda, dw, (unsigned)node->weight->size, false,
            [=] __device__(unsigned i) { return get(to, i); });
}

static void backward(ir_backend *b, ir_node *node)
{
    ir_cuda *cuda = cuda_of(b);
    conv_state *state = static_cast<conv_state *>(node->state);
    const real *w = weights_of(node), *dy = grad_of(node);
    real *dx = grad_of(node->in[0]);
    if (node->bias && node->centred)
        b->clear(b, node->bias->grad, node->bias->size * sizeof(float));
    else if (node->bias)
        bias_gradient(cuda, node);
    if (node->depthwise) {
        IR_NAME(ir_cuda_depthwise_backward)(cuda, node, w);
        return;
    }
    if (node->weight->trained)
        weight_gradient(cuda, node);
    if (node->grad_use[0] == IR_GRAD_NONE)
        return;
    if (is_transposed(node))
        convolve_forward(cuda, state->conv, dy, w, dx, adds(node, 0), node->scratch);
    else
        convolve_backward_data(cuda, state->conv, dy, w, dx, adds(node, 0), node->scratch);
}

static void tune(ir_backend *b, ir_node *node)
{
    ir_cuda *cuda = cuda_of(b);
    conv_state *state = static_cast<conv_state *>(node->state);
    if (!is_measured(cuda, node))
        return;
    const real *x = value_of(node->in[0]), *w = weights_of(node);
    convolve_tune_forward(cuda, state->conv, x, w, value_of(node), node->scratch);
    if (is_training(node) && node->wants_grad && sizeof(real) == sizeof(float))
        convolve_tune_backward(cuda, state->conv, x, w, grad_of(node),
                               node->grad_use[0] == IR_GRAD_NONE ? nullptr : grad_of(node->in[0]),
                               node->weight->trained ? node->weight->grad : nullptr, node->scratch);
}

const ir_op_table IR_NAME(ir_cuda_conv2d) = operation(prepare, forward, backward, release, nullptr,
                                                      refresh, tune);
const ir_op_table IR_NAME(ir_cuda_conv_transpose2d) = operation(prepare, forward, backward, release,
                                                                nullptr, refresh, tune);
