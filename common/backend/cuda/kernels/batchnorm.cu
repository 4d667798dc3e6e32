/* Batch normalisation (Ioffe and Szegedy 2015) with an optional leaky ReLU behind it:
 *
 *     y = act((x - mean) scale + beta),  scale = gamma / sqrt(var + eps)
 *
 * Sums are in double precision: the GPUs that this is for add doubles faster than they read memory.
 * Backward recomputes what act saw from x, so the output need not be kept. */
#include "device.h"

/* node->saved: the mean of every channel, then 1 / sqrt(var + eps) of every channel. */
struct normaliser {
    const double *mean, *inverse;
    const float *gamma, *beta;

    __device__ __forceinline__ float centred(float x, unsigned c) const
    {
        return (float)((double)x - mean[c]);
    }
    __device__ __forceinline__ float scale(unsigned c) const
    {
        return (float)(gamma[c] * inverse[c]);
    }
    __device__ __forceinline__ float operator()(float x, unsigned c) const
    {
        return centred(x, c) * scale(c) + beta[c];
    }
};

static normaliser normaliser_of(const ir_node *node)
{
    const double *saved = static_cast<double *>(node->saved);
    return {saved, saved + node->shape.c, node->weight->value, node->bias->value};
}

/* Backward has two means per channel besides its sums. */
static void prepare(ir_backend *, ir_node *node)
{
    const size_t channels = (size_t)node->shape.c;
    const size_t rows = (size_t)node->shape.n * pixels_of(node->shape);
    node->saved_bytes = 2 * channels * sizeof(double);
    node->scratch_bytes = 2 * channels * sizeof(double) + sum_scratch(2, 1, rows, channels);
}

static void batch_statistics(ir_cuda *cuda, ir_node *node)
{
    const ir_shape s = node->shape;
    const unsigned channels = (unsigned)s.c, rows = (unsigned)s.n * pixels_of(s);
    const real *x = value_of(node->in[0]);
    double *mean = static_cast<double *>(node->saved), *inverse = mean + channels;
    float *running_mean = node->running_mean->value, *running_var = node->running_var->value;
    const double momentum = node->momentum, eps = node->eps;
    sum_rows<2>(
        cuda, node->scratch, 1, rows, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            const double value = get(x, row * channels + c);
            sum[0] += value;
            sum[1] += value * value;
        },
        [=] __device__(unsigned, unsigned c, const double *total) {
            const double average = total[0] / rows;
            const double m2 = fmax(total[1] - total[0] * average, 0.0);
            mean[c] = average;
            inverse[c] = 1 / sqrt(m2 / rows + eps);
            const double var = m2 / (rows > 1 ? rows - 1 : 1);
            running_mean[c] = (float)((1 - momentum) * running_mean[c] + momentum * average);
            running_var[c] = (float)((1 - momentum) * running_var[c] + momentum * var);
        });
}

static void running_statistics(ir_cuda *cuda, ir_node *node)
{
    const unsigned channels = (unsigned)node->shape.c;
    double *mean = static_cast<double *>(node->saved), *inverse = mean + channels;
    const float *running_mean = node->running_mean->value;
    const float *running_var = node->running_var->value;
    const double eps = node->eps;
    each(cuda, channels, [=] __device__(unsigned c) {
        mean[c] = running_mean[c];
        inverse[c] = 1 / sqrt(running_var[c] + eps);
    });
}

/* With the saved statistics. */
static void apply(ir_backend *b, ir_node *node)
{
    const unsigned channels = (unsigned)node->shape.c;
    const float slope = slope_of(node->activation);
    const normaliser normalise = normaliser_of(node);
    const real *x = value_of(node->in[0]);
    map(cuda_of(b), value_of(node), volume(node->shape), false,
        [=] __device__(unsigned i) { return rectify(normalise(get(x, i), i % channels), slope); });
}

static void forward(ir_backend *b, ir_node *node)
{
    if (ir_graph_mode(node->graph) == IR_TRAINING)
        batch_statistics(cuda_of(b), node);
    else
        running_statistics(cuda_of(b), node);
    apply(b, node);
}

/* With g the gradient behind act taken to before it, d = x - mean, M numbers a channel:
 *
 *     dbeta = sum g,  dgamma = inv sum g d,  dx = scale (g - dbeta / M - d inv^2 (sum g d) / M) */
static void backward(ir_backend *b, ir_node *node)
{
    const ir_shape s = node->shape;
    const unsigned channels = (unsigned)s.c, rows = (unsigned)s.n * pixels_of(s);
    const float slope = slope_of(node->activation);
    const normaliser normalise = normaliser_of(node);
    const real *x = value_of(node->in[0]), *dy = grad_of(node);
    double *mean_g = static_cast<double *>(node->scratch), *factor = mean_g + channels;
    float *dgamma = node->weight->grad, *dbeta = node->bias->grad;
    const auto gradient = [=] __device__(unsigned i, unsigned c) {
        return slope == 1 ? get(dy, i) : rectify_grad(normalise(get(x, i), c), slope, get(dy, i));
    };
    sum_rows<2>(
        cuda_of(b), factor + channels, 1, rows, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            const unsigned i = row * channels + c;
            const double g = gradient(i, c);
            sum[0] += g;
            sum[1] += g * (get(x, i) - normalise.mean[c]);
        },
        [=] __device__(unsigned, unsigned c, const double *total) {
            const double inverse = normalise.inverse[c];
            mean_g[c] = total[0] / rows;
            factor[c] = total[1] / rows * inverse * inverse;
            dbeta[c] = (float)total[0];
            dgamma[c] = (float)(total[1] * inverse);
        });
    if (node->grad_use[0] == IR_GRAD_NONE)
        return;
    map(cuda_of(b), grad_of(node->in[0]), volume(s), adds(node, 0), [=] __device__(unsigned i) {
        const unsigned c = i % channels;
        const float d = normalise.centred(get(x, i), c);
        return normalise.scale(c) * (gradient(i, c) - (float)mean_g[c] - d * (float)factor[c]);
    });
}

/* The statistics are there already, and the running ones must not move twice. */
const ir_op_table IR_NAME(ir_cuda_batchnorm) = operation(prepare, forward, backward, nullptr,
                                                         apply);
