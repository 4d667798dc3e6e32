/* Batch normalisation (Ioffe and Szegedy 2015) with an optional leaky ReLU behind it:
 *
 *     y = act((x - mean) scale + beta),  scale = gamma / sqrt(var + eps)
 *
 * Sums are in double precision: the GPUs that this is for add doubles faster than they read memory.
 * Backward recomputes act's argument from x, so the output need not be kept. A batch norm that
 * adapts has statistics for each image, over the part of it that is not padding. */
#include "backend/adapt.h"
#include "device.h"

/* How a channel is normalised, in single precision: `rest` is the rounding error of `mean`. One
 * load reads all of it, and no number is converted to double and back. */
struct alignas(16) normaliser {
    float mean, rest, scale, beta;

    __device__ __forceinline__ float centred(float x) const { return x - mean - rest; }
    __device__ __forceinline__ float operator()(float x) const { return centred(x) * scale + beta; }
};

static bool adapts(const ir_call *call)
{
    return call->adapt.seen != nullptr;
}

/* How many normalisers: one a channel, or one a channel of each image. */
static size_t sets_of(const ir_call *call)
{
    return (size_t)call->shape.c * (size_t)(adapts(call) ? call->shape.n : 1);
}

/* call->saved: the normalisers of every set, then their 1 / sqrt(var + eps). */
struct statistics {
    normaliser *of;
    double *inverse;
    const float *gamma, *beta;

    __device__ __forceinline__ void set(unsigned at, unsigned c, double mean, double var,
                                        double eps) const
    {
        const float near = (float)mean;
        inverse[at] = 1 / sqrt(var + eps);
        of[at] = {near, (float)(mean - near), (float)(gamma[c] * inverse[at]), beta[c]};
    }
};

static statistics statistics_of(const ir_call *call)
{
    normaliser *saved = static_cast<normaliser *>(call->saved);
    return {saved, reinterpret_cast<double *>(saved + sets_of(call)), call->weight->value,
            call->bias->value};
}

/* The means over a channel that backward subtracts: that of g, and inv^2 times that of g d. */
struct alignas(8) means {
    float g, factor;
};

static void prepare(ir_backend *, ir_call *call)
{
    const size_t channels = (size_t)call->shape.c, images = (size_t)call->shape.n;
    const size_t pixels = pixels_of(call->shape);
    call->saved_bytes = sets_of(call) * (sizeof(normaliser) + sizeof(double));
    call->scratch_bytes = channels * sizeof(means) + sum_scratch(2, 1, images * pixels, channels);
    if (adapts(call))
        call->scratch_bytes =
            sets_of(call) * sizeof(ir_statistics) + sum_scratch(2, images, pixels, channels);
}

static void batch_statistics(ir_cuda *cuda, ir_call *call)
{
    const ir_shape s = call->shape;
    const unsigned channels = (unsigned)s.c, rows = (unsigned)s.n * pixels_of(s);
    const real *x = value_of(call->in[0]);
    const statistics saved = statistics_of(call);
    float *running_mean = call->running_mean->value, *running_var = call->running_var->value;
    const double momentum = call->momentum, eps = call->eps;
    sum_rows<2>(
        cuda, call->scratch, 1, rows, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            const double value = get(x, row * channels + c);
            sum[0] += value;
            sum[1] += value * value;
        },
        [=] __device__(unsigned, unsigned c, const double *total) {
            const double average = total[0] / rows;
            const double m2 = fmax(total[1] - total[0] * average, 0.0);
            saved.set(c, c, average, m2 / rows, eps);
            const double var = m2 / (rows > 1 ? rows - 1 : 1);
            running_mean[c] = (float)((1 - momentum) * running_mean[c] + momentum * average);
            running_var[c] = (float)((1 - momentum) * running_var[c] + momentum * var);
        });
}

static void running_statistics(ir_cuda *cuda, ir_call *call)
{
    const unsigned channels = (unsigned)call->shape.c;
    const statistics saved = statistics_of(call);
    const float *running_mean = call->running_mean->value;
    const float *running_var = call->running_var->value;
    const double eps = call->eps;
    each(cuda, channels,
         [=] __device__(unsigned c) { saved.set(c, c, running_mean[c], running_var[c], eps); });
}

/* How many rows and columns of each image are not padding, at the size of this call. */
struct extents {
    const float *own; /* of the network's input */
    int whole_h, whole_w, h, w;

    __device__ __forceinline__ unsigned rows(unsigned image) const
    {
        return (unsigned)ir_adapt_own(own[2 * image], whole_h, h);
    }
    __device__ __forceinline__ unsigned columns(unsigned image) const
    {
        return (unsigned)ir_adapt_own(own[2 * image + 1], whole_w, w);
    }
};

/* The statistics of each image. */
static void image_statistics(ir_cuda *cuda, ir_call *call, ir_statistics *found)
{
    const ir_shape s = call->shape;
    const unsigned channels = (unsigned)s.c, pixels = pixels_of(s), width = (unsigned)s.w;
    const extents e = {call->adapt.extent->value, call->adapt.h, call->adapt.w, s.h, s.w};
    const real *x = value_of(call->in[0]);
    sum_rows<2>(
        cuda, found + sets_of(call), (unsigned)s.n, pixels, channels,
        [=] __device__(unsigned row, unsigned c, double *sum) {
            const unsigned image = row / pixels, pixel = row - image * pixels;
            const bool own = pixel / width < e.rows(image) && pixel % width < e.columns(image);
            const double value = own ? get(x, row * channels + c) : 0;
            sum[0] += value;
            sum[1] += value * value;
        },
        [=] __device__(unsigned image, unsigned c, const double *total) {
            const double count = (double)e.rows(image) * e.columns(image);
            const double mean = total[0] / count;
            found[image * channels + c] = {mean, fmax(total[1] - total[0] * mean, 0.0) / count};
        });
}

/* Images are taken in order, since that is the order of the window. */
static void adapted_statistics(ir_cuda *cuda, ir_call *call)
{
    const ir_shape s = call->shape;
    const unsigned channels = (unsigned)s.c, images = (unsigned)s.n;
    const extents e = {call->adapt.extent->value, call->adapt.h, call->adapt.w, s.h, s.w};
    const statistics saved = statistics_of(call);
    const float *running_mean = call->running_mean->value;
    const float *running_var = call->running_var->value;
    const double eps = call->eps, rate = call->adapt.rate;
    const int window = call->adapt.window;
    double *seen = call->adapt.seen;
    ir_statistics *found = static_cast<ir_statistics *>(call->scratch);
    image_statistics(cuda, call, found);
    each(cuda, channels, [=] __device__(unsigned c) {
        const ir_statistics learned = {running_mean[c], running_var[c]};
        for (unsigned i = 0; i < images; i++) {
            const ir_statistics used =
                ir_adapt(seen + c * IR_ADAPT_NUMBERS(window), window, rate, learned,
                         found[i * channels + c], (double)e.rows(i) * e.columns(i));
            saved.set(i * channels + c, c, used.mean, used.var, eps);
        }
    });
}

/* Normalises with the saved statistics. */
static void apply(ir_backend *b, ir_call *call)
{
    const unsigned channels = (unsigned)call->shape.c;
    const float slope = slope_of(call->activation);
    const normaliser *normalise = statistics_of(call).of;
    const real *x = value_of(call->in[0]);
    const auto normalised = [=] __device__(unsigned i, unsigned set) {
        const normaliser of = normalise[set];
        return rectify(of(get(x, i)), slope);
    };
    const unsigned image = pixels_of(call->shape) * channels;
    if (adapts(call))
        map(cuda_of(b), value_of(call), volume(call->shape), false, [=] __device__(unsigned i) {
            return normalised(i, i / image * channels + i % channels);
        });
    else
        map(cuda_of(b), value_of(call), volume(call->shape), false,
            [=] __device__(unsigned i) { return normalised(i, i % channels); });
}

static void forward(ir_backend *b, ir_call *call)
{
    if (call->training)
        batch_statistics(cuda_of(b), call);
    else if (adapts(call))
        adapted_statistics(cuda_of(b), call);
    else
        running_statistics(cuda_of(b), call);
    apply(b, call);
}

/* With g the gradient of act's argument, d = x - mean, M numbers a channel:
 *
 *     dbeta = sum g,  dgamma = inv sum g d,  dx = scale (g - dbeta / M - d inv^2 (sum g d) / M) */
static void backward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->shape;
    const unsigned channels = (unsigned)s.c, rows = (unsigned)s.n * pixels_of(s);
    const float slope = slope_of(call->activation);
    const statistics saved = statistics_of(call);
    const normaliser *normalise = saved.of;
    const real *x = value_of(call->in[0]), *dy = grad_of(call);
    means *mean = static_cast<means *>(call->scratch);
    float *dgamma = call->weight->grad, *dbeta = call->bias->grad;
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
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    map(cuda_of(b), grad_of(call->in[0]), volume(s), adds(call, 0), [=] __device__(unsigned i) {
        const unsigned c = i % channels;
        const normaliser of = normalise[c];
        const means m = mean[c];
        const float value = get(x, i), g = rectify_grad(of(value), slope, get(dy, i));
        return of.scale * (g - m.g - of.centred(value) * m.factor);
    });
}

/* Recomputing is apply() alone: the running statistics must not be updated twice. */
const ir_op_table IR_NAME(ir_cuda_batchnorm) = operation(prepare, forward, backward, nullptr,
                                                         apply);
