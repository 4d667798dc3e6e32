/* Batch normalisation (Ioffe and Szegedy 2015), each channel c over all n, i, j:
 *
 *     y = gamma[c] xhat + beta[c],  xhat = (x - mean[c]) / sqrt(var[c] + eps)
 *
 * Training: mean and (biased) variance of this batch; detection: the running ones. */
#include <math.h>

#include "reference.h"

static const double eps = 1e-5;

typedef struct {
    double mean, var; /* of one channel */
} moments;

static double count(ir_shape s)
{
    return (double)s.n * s.h * s.w;
}

static double channel_sum(const tensor *x, const double *value, int c)
{
    double sum = 0;
    for (int n = 0; n < x->shape.n; n++)
        for (int i = 0; i < x->shape.h; i++)
            for (int j = 0; j < x->shape.w; j++)
                sum += value[at(x->shape, n, c, i, j)];
    return sum;
}

static moments batch_moments(const tensor *x, int c)
{
    moments m = {channel_sum(x, x->v, c) / count(x->shape), 0};
    for (int n = 0; n < x->shape.n; n++)
        for (int i = 0; i < x->shape.h; i++)
            for (int j = 0; j < x->shape.w; j++)
                m.var += pow(x->v[at(x->shape, n, c, i, j)] - m.mean, 2) / count(x->shape);
    return m;
}

static moments used_moments(const step *s, int c)
{
    if (s->training)
        return batch_moments(s->in[0], c);
    return (moments){s->running_mean->v[c], s->running_var->v[c]};
}

/* running = (1 - momentum) running + momentum batch, with the unbiased variance */
static void update_running(const step *s, int c)
{
    double n = count(s->in[0]->shape);
    moments m = batch_moments(s->in[0], c);
    s->next_mean->v[c] = (1 - s->momentum) * s->running_mean->v[c] + s->momentum * m.mean;
    s->next_var->v[c] =
        (1 - s->momentum) * s->running_var->v[c] + s->momentum * m.var * n / (n - 1);
}

static void forward(const step *s)
{
    ir_shape sh = s->out->shape;
    for (int c = 0; c < sh.c; c++) {
        moments m = used_moments(s, c);
        for (int n = 0; n < sh.n; n++) {
            for (int i = 0; i < sh.h; i++) {
                for (int j = 0; j < sh.w; j++) {
                    size_t e = at(sh, n, c, i, j);
                    double xhat = (s->in[0]->v[e] - m.mean) / sqrt(m.var + eps);
                    s->out->v[e] = s->weight->v[c] * xhat + s->bias->v[c];
                }
            }
        }
        if (s->training)
            update_running(s, c);
    }
}

/* dbeta = sum g, dgamma = sum g xhat, and with both divided by the count for mean and variance
 * depending on x: dx = gamma / sqrt(var + eps) (g - dbeta / count - xhat dgamma / count) */
static void backward(const step *s)
{
    ir_shape sh = s->out->shape;
    for (int c = 0; c < sh.c; c++) {
        moments m = used_moments(s, c);
        double inverse = 1 / sqrt(m.var + eps);
        double dbeta = channel_sum(s->out, s->out->g, c), dgamma = 0;
        for (int n = 0; n < sh.n; n++)
            for (int i = 0; i < sh.h; i++)
                for (int j = 0; j < sh.w; j++)
                    dgamma += s->out->g[at(sh, n, c, i, j)] *
                              (s->in[0]->v[at(sh, n, c, i, j)] - m.mean) * inverse;
        for (int n = 0; n < sh.n; n++) {
            for (int i = 0; i < sh.h; i++) {
                for (int j = 0; j < sh.w; j++) {
                    size_t e = at(sh, n, c, i, j);
                    double xhat = (s->in[0]->v[e] - m.mean) * inverse;
                    double through = (dbeta + xhat * dgamma) / count(sh);
                    s->in[0]->g[e] +=
                        s->weight->v[c] * inverse * (s->out->g[e] - (s->training ? through : 0));
                }
            }
        }
        s->bias->g[c] += dbeta;
        s->weight->g[c] += dgamma;
    }
}

/* A computed channel that is constant but for rounding is divided by sqrt(eps): noise. */
static double smallest_variance(const step *s)
{
    double least = INFINITY;
    for (int c = 0; s->training && c < s->out->shape.c; c++)
        least = fmin(least, batch_moments(s->in[0], c).var);
    return least;
}

tensor *ref_batchnorm(tape *t, tensor *x, tensor *weight, tensor *bias, tensor *running_mean,
                      tensor *running_var, double momentum)
{
    static const reference_op op = {"batchnorm", forward, backward, smallest_variance};
    step *s = tape_step(t, &op, 1, &x, x->shape);
    s->weight = weight;
    s->bias = bias;
    s->running_mean = running_mean;
    s->running_var = running_var;
    s->momentum = momentum;
    s->next_mean = tape_tensor(t, running_mean->shape);
    s->next_var = tape_tensor(t, running_var->shape);
    return s->out;
}
