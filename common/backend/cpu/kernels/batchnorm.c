/* Batch normalisation (Ioffe and Szegedy 2015) with an optional leaky ReLU behind it:
 *
 *     y = act((x - mean) scale + beta),  scale = gamma / sqrt(var + eps)
 *
 * The statistics of a channel are merged from those of small chunks (Chan, Golub and LeVeque 1979),
 * so that a large mean costs no digits and x is read from memory once. Backward recomputes what act
 * saw from x, so the output need not be kept. */
#include <math.h>

#include "loops.h"

/* Of each lane: how many, their mean, the sum of their squared distances from it. */
typedef struct {
    double count[B], mean[B], m2[B];
} moments;

static void merge(moments *a, const moments *b)
{
#pragma omp simd
    for (int l = 0; l < B; l++) {
        const double count = a->count[l] + b->count[l];
        const double share = count > 0 ? b->count[l] / count : 0;
        const double delta = b->mean[l] - a->mean[l];
        a->mean[l] += delta * share;
        a->m2[l] += b->m2[l] + delta * delta * a->count[l] * share;
        a->count[l] = count;
    }
}

/* Sums of a chunk's lanes, or of the squares of their distances from mean. */
static inline void sum_chunk(const float *x, size_t floats, const float mean[WIDE], bool squares,
                             float sum[B])
{
    float wide[WIDE] = {0};
    size_t i = 0;
    for (; i + WIDE <= floats; i += WIDE)
#pragma omp simd
        for (int l = 0; l < WIDE; l++) {
            const float d = x[i + (size_t)l] - mean[l];
            wide[l] += squares ? d * d : d;
        }
    for (; i < floats; i++) {
        const float d = x[i] - mean[i % B];
        wide[i % B] += squares ? d * d : d;
    }
    for (int l = 0; l < B; l++)
        sum[l] = (wide[l] + wide[B + l]) + (wide[2 * B + l] + wide[3 * B + l]);
}

static moments chunk_moments(const float *x, size_t floats)
{
    moments m;
    float mean[WIDE] = {0}, sum[B], m2[B];
    sum_chunk(x, floats, mean, false, sum);
    for (size_t l = 0; l < B; l++) {
        const size_t count = floats / B + (l < floats % B);
        const float average = count ? sum[l] / (float)count : 0;
        m.count[l] = (double)count;
        m.mean[l] = average;
        for (size_t k = l; k < WIDE; k += B)
            mean[k] = average;
    }
    sum_chunk(x, floats, mean, true, m2);
    for (int l = 0; l < B; l++)
        m.m2[l] = m2[l];
    return m;
}

static moments part_moments(const float *x, size_t floats)
{
    moments total = {0};
    for (size_t i = 0; i < floats; i += CHUNK * B) {
        const moments m = chunk_moments(x + i, smaller(CHUNK * B, floats - i));
        merge(&total, &m);
    }
    return total;
}

/* One plane is counted in B lanes; they make one channel. */
static void merge_lanes(moments *m)
{
    moments total = {0};
    for (int l = 0; l < B; l++) {
        const moments one = {.count = {m->count[l]}, .mean = {m->mean[l]}, .m2 = {m->m2[l]}};
        merge(&total, &one);
    }
    *m = total;
}

/* node->saved: mean and 1 / sqrt(var + eps) of every channel, zeros in the padding. */
static size_t padded(const ir_node *node)
{
    return (size_t)blocks(node->shape.c) * (size_t)lanes(node->shape.c);
}

static void save_statistics(ir_node *node, int c, double mean, double var)
{
    double *saved = node->saved;
    const bool real = c < node->shape.c;
    saved[c] = real ? mean : 0;
    saved[padded(node) + (size_t)c] = real ? 1 / sqrt(var + node->eps) : 0;
}

static void update_running(ir_node *node, int c, double mean, double m2, double count)
{
    float *running_mean = node->running_mean->value + c;
    float *running_var = node->running_var->value + c;
    const double m = node->momentum, var = m2 / (count > 1 ? count - 1 : 1);
    *running_mean = (float)((1 - m) * *running_mean + m * mean);
    *running_var = (float)((1 - m) * *running_var + m * var);
}

static void batch_statistics(ir_node *node)
{
    const ir_shape s = node->shape;
    const float *x = node->in[0]->value;
    const int count = parts_of(s), per = parts_of_plane(s);
    moments *found = node->scratch;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        found[i] = part_moments(x + p.at, p.floats);
    }
#pragma omp parallel for schedule(static) if (count > 64)
    for (int block = 0; block < blocks(s.c); block++) {
        moments total = {0};
        for (int n = 0; n < s.n; n++)
            for (int i = 0; i < per; i++)
                merge(&total, &found[(n * blocks(s.c) + block) * per + i]);
        if (s.c == 1)
            merge_lanes(&total);
        for (int l = 0; l < lanes(s.c); l++) {
            const int c = block * lanes(s.c) + l;
            save_statistics(node, c, total.mean[l], total.m2[l] / total.count[l]);
            if (c < s.c)
                update_running(node, c, total.mean[l], total.m2[l], total.count[l]);
        }
    }
}

/* The numbers of one block's channels, a plane's one repeated. What is lost in rounding the mean to
 * single precision, `rest`, goes into beta. */
typedef struct {
    double mean[B], inv[B];
    float rounded_mean[B], rest[B], scale[B], beta[B];
} channels;

static channels channels_of(const ir_node *node, int block)
{
    channels k;
    const double *saved = node->saved;
    const int width = lanes(node->shape.c);
    for (int l = 0; l < B; l++) {
        const int c = block * width + l % width;
        const bool real = c < node->shape.c;
        k.mean[l] = saved[c];
        k.inv[l] = saved[padded(node) + (size_t)c];
        k.rounded_mean[l] = (float)k.mean[l];
        k.rest[l] = (float)(k.mean[l] - k.rounded_mean[l]);
        k.scale[l] = real ? (float)(node->weight->value[c] * k.inv[l]) : 0;
        k.beta[l] = real ? node->bias->value[c] - k.rest[l] * k.scale[l] : 0;
    }
    return k;
}

static inline float normalise(const channels *k, size_t l, float x)
{
    return (x - k->rounded_mean[l]) * k->scale[l] + k->beta[l];
}

static void normalise_part(float *y, const float *x, size_t floats, channels k, float slope)
{
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            y[i + l] = rectify(normalise(&k, l, x[i + l]), slope);
    for (size_t l = 0; i + l < floats; l++)
        y[i + l] = rectify(normalise(&k, l, x[i + l]), slope);
}

/* With the saved statistics. */
static void apply(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const float *x = node->in[0]->value;
    const int count = parts_of(s);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        normalise_part(node->value + p.at, x + p.at, p.floats, channels_of(node, p.block),
                       slope_of(node->activation));
    }
}

static void forward(ir_backend *b, ir_node *node)
{
    const int real = node->shape.c;
    if (ir_graph_mode(node->graph) == IR_TRAINING)
        batch_statistics(node);
    else
        for (int c = 0; c < (int)padded(node); c++)
            save_statistics(node, c, c < real ? node->running_mean->value[c] : 0,
                            c < real ? node->running_var->value[c] : 0);
    apply(b, node);
}

/* ---- backward ----------------------------------------------------------------------------------
 *
 * With g the gradient behind act taken to before it, d = x - mean, M numbers a channel:
 *
 *     dbeta = sum g,  dgamma = inv sum g d,  dx = scale (g - dbeta / M - d inv^2 (sum g d) / M) */

/* Sums of g and of g d, of a plane in B pieces. */
typedef struct {
    double g[B], gd[B];
} sums;

/* Terms of both signs may nearly cancel, so all of it is in double precision. */
static inline void add_terms(sums *total, size_t l, float x, float dy, const channels *k,
                             float slope)
{
    const double g = rectify_grad(normalise(k, l, x), slope, dy);
    total->g[l] += g;
    total->gd[l] += g * ((double)x - k->mean[l]);
}

static sums part_sums(const float *x, const float *dy, size_t floats, channels k, float slope)
{
    sums total = {0};
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            add_terms(&total, l, x[i + l], dy[i + l], &k, slope);
    for (size_t l = 0; i + l < floats; l++)
        add_terms(&total, l, x[i + l], dy[i + l], &k, slope);
    return total;
}

/* One block's sums over all images; parameters' gradients; what dx needs of them. */
static void total_sums(ir_node *node, const sums *found, int block, float *mean_g, float *factor)
{
    const ir_shape s = node->shape;
    const int per = parts_of_plane(s), width = lanes(s.c);
    const double count = (double)s.n * (double)pixels_of(s);
    const channels k = channels_of(node, block);
    sums total = {0};
    for (int n = 0; n < s.n; n++)
        for (int i = 0; i < per; i++)
            for (int l = 0; l < B; l++) {
                const sums *one = &found[(n * blocks(s.c) + block) * per + i];
                total.g[l] += one->g[l];
                total.gd[l] += one->gd[l];
            }
    for (int l = 1; width == 1 && l < B; l++) {
        total.g[0] += total.g[l];
        total.gd[0] += total.gd[l];
    }
    for (int l = 0; l < width; l++) {
        const int c = block * width + l;
        mean_g[c] = (float)(total.g[l] / count);
        factor[c] = (float)(total.gd[l] / count * k.inv[l] * k.inv[l]);
        if (c < s.c) {
            node->bias->grad[c] = (float)total.g[l];
            node->weight->grad[c] = (float)(total.gd[l] * k.inv[l]);
        }
    }
}

/* The two means behind one block's channels, a plane's one repeated. */
typedef struct {
    float g[B], factor[B];
} means;

static inline float input_grad(const channels *k, const means *m, size_t l, float x, float dy,
                               float slope)
{
    const float g = rectify_grad(normalise(k, l, x), slope, dy);
    return k->scale[l] * (g - m->g[l] - (x - k->rounded_mean[l]) * m->factor[l]);
}

static void grad_part(float *dx, const float *x, const float *dy, size_t floats, channels k,
                      means m, float slope, bool add)
{
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            dx[i + l] = grad_of(dx[i + l], input_grad(&k, &m, l, x[i + l], dy[i + l], slope), add);
    for (size_t l = 0; i + l < floats; l++)
        dx[i + l] = grad_of(dx[i + l], input_grad(&k, &m, l, x[i + l], dy[i + l], slope), add);
}

static void backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const float *x = node->in[0]->value, *dy = node->grad;
    const float slope = slope_of(node->activation);
    const int count = parts_of(s), width = lanes(s.c);
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
    sums *found = node->scratch;
    float *mean_g = (float *)(found + count), *factor = mean_g + padded(node);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        found[i] = part_sums(x + p.at, dy + p.at, p.floats, channels_of(node, p.block), slope);
    }
    for (int block = 0; block < blocks(s.c); block++)
        total_sums(node, found, block, mean_g, factor);
    if (node->grad_use[0] == IR_GRAD_NONE)
        return;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const channels k = channels_of(node, p.block);
        means m;
        for (int l = 0; l < B; l++) {
            m.factor[l] = factor[p.block * width + l % width];
            m.g[l] = mean_g[p.block * width + l % width] - k.rest[l] * m.factor[l];
        }
        grad_part(node->in[0]->grad + p.at, x + p.at, dy + p.at, p.floats, k, m, slope, add);
    }
}

static void prepare(ir_backend *b, ir_node *node)
{
    (void)b;
    const size_t count = (size_t)parts_of(node->shape);
    node->saved_bytes = 2 * padded(node) * sizeof(double);
    node->scratch_bytes = count * sizeof(moments) + 2 * padded(node) * sizeof(float);
}

const ir_op_table IR_NAME(ir_cpu_batchnorm) = {
    .prepare = prepare, .forward = forward, .backward = backward, .again = apply};
