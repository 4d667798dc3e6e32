/* Batch normalisation (Ioffe and Szegedy 2015) with an optional leaky ReLU behind it:
 *
 *     y = act((x - mean) scale + beta),  scale = gamma / sqrt(var + eps)
 *
 * Sums are in double precision: the GPUs that this is for add doubles faster than they read memory.
 * Backward recomputes what act saw from x, so the output need not be kept. */
#include "device.h"

/* What is done to a channel, in single precision: `mean` and what it leaves of the mean in double
 * precision, `rest`. One load reads it, and no number is converted to double and back. */
struct alignas(16) normaliser {
    float mean, rest, scale, beta;

    __device__ __forceinline__ float centred(float x) const { return x - mean - rest; }
    __device__ __forceinline__ float operator()(float x) const { return centred(x) * scale + beta; }
};

/* node->saved: a normaliser for every channel, then 1 / sqrt(var + eps) of every channel. */
struct statistics {
    normaliser *of;
    double *inverse;
    const float *gamma, *beta;

    __device__ __forceinline__ void set(unsigned c, double mean, double var, double eps) const
    {
        const float near = (float)mean;
        inverse[c] = 1 / sqrt(var + eps);
        of[c] = {near, (float)(mean - near), (float)(gamma[c] * inverse[c]), beta[c]};
    }
};

static statistics statistics_of(const ir_node *node)
{
    normaliser *saved = static_cast<normaliser *>(node->saved);
    return {saved, reinterpret_cast<double *>(saved + node->shape.c), node->weight->value,
            node->bias->value};
}

/* Means over a channel that backward subtracts: of g, and inv^2 of g d. */
struct alignas(8) means {
    float g, factor;
};

static void prepare(ir_backend *, ir_node *node)
{
    const size_t channels = (size_t)node->shape.c;
    const size_t rows = (size_t)node->shape.n * pixels_of(node->shape);
    node->saved_bytes = channels * (sizeof(normaliser) + sizeof(double));
    node->scratch_bytes = channels * sizeof(means) + sum_scratch(2, 1, rows, channels);
}

static void batch_statistics(ir_cuda *cuda, ir_node *node)
{
    const ir_shape s = node->shape;
    const unsigned channels = (unsigned)s.c, rows = (unsigned)s.n * pixels_of(s);
    const real *x = value_of(node->in[0]);
    const statistics saved = statistics_of(node);
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
            saved.set(c, average, m2 / rows, eps);
            const double var = m2 / (rows > 1 ? rows - 1 : 1);
            running_mean[c] = (float)((1 - momentum) * running_mean[c] + momentum * average);
            running_var[c] = (float)((1 - momentum) * running_var[c] + momentum * var);
        });
}

static void running_statistics(ir_cuda *cuda, ir_node *node)
{
    const unsigned channels = (unsigned)node->shape.c;
    const statistics saved = statistics_of(node);
    const float *running_mean = node->running_mean->value;
    const float *running_var = node->running_var->value;
    const double eps = node->eps;
    each(cuda, channels,
         [=] __device__(unsigned c) { saved.set(c, running_mean[c], running_var[c], eps); });
}

/* With the saved statistics. */
static void apply(ir_backend *b, ir_node *node)
{
    const unsigned channels = (unsigned)node->shape.c;
    const float slope = slope_of(node->activation);
    const normaliser *normalise = statistics_of(node).of;
    const real *x = value_of(node->in[0]);
    map(cuda_of(b), value_of(node), volume(node->shape), false, [=] __device__(unsigned i) {
        const normaliser of = normalise[i % channels];
        return rectify(of(get(x, i)), slope);
    });
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
    const statistics saved = statistics_of(node);
    const normaliser *normalise = saved.of;
    const real *x = value_of(node->in[0]), *dy = grad_of(node);
    means *mean = static_cast<means *>(node->scratch);
    float *dgamma = node->weight->grad, *dbeta = node->bias->grad;
    sum_rows<2>(
        cuda_of(b), mean + channels, 1, rows, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            const unsigned i = row * channels + c;
            const normaliser of = normalise[c];
            const float value = get(x, i);
            const double g = rectify_grad(of(value), slope, get(dy, i));
            sum[0] += g;
            sum[1] += g * (value - ((double)of.mean + of.rest));
        },
        [=] __device__(unsigned, unsigned c, const double *total) {
            const double inverse = saved.inverse[c];
            mean[c] = {(float)(total[0] / rows), (float)(total[1] / rows * inverse * inverse)};
            dbeta[c] = (float)total[0];
            dgamma[c] = (float)(total[1] * inverse);
        });
    if (node->grad_use[0] == IR_GRAD_NONE)
        return;
    map(cuda_of(b), grad_of(node->in[0]), volume(s), adds(node, 0), [=] __device__(unsigned i) {
        const unsigned c = i % channels;
        const normaliser of = normalise[c];
        const means m = mean[c];
        const float value = get(x, i), g = rectify_grad(of(value), slope, get(dy, i));
        return of.scale * (g - m.g - of.centred(value) * m.factor);
    });
}

/* The statistics are there already, and the running ones must not move twice. */
const ir_op_table IR_NAME(ir_cuda_batchnorm) = operation(prepare, forward, backward, nullptr,
                                                         apply);
