/* Batch normalisation (Ioffe and Szegedy 2015) with an optional leaky ReLU behind it:
 *
 *     y = act((x - mean) scale + beta),  scale = gamma / sqrt(var + eps)
 *
 * The statistics of a channel are merged from those of small chunks (Chan, Golub and LeVeque 1979),
 * so that a large mean costs no digits and x is read from memory once. Backward recomputes what act
 * saw from x, so the output need not be kept. A batch norm that adapts has statistics for each
 * image, of that part of it which is not padding.
 *
 * Where several processes train the network, the batch is that of all of them. Its statistics have
 * the same bits as those of one process: images are added up with twice the digits of a double, so
 * that the order in which they are added does not show after rounding. */
#include <math.h>
#include <string.h>

#include "backend/adapt.h"
#include "base/pair.h"
#include "comm/comm.h"
#include "loops.h"

/* For each lane: how many values, their mean, the sum of their squared distances from it. */
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

/* For each lane of a chunk the sum of x - mean, or of its square. */
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

/* A plane was counted as B lanes, which together are its one channel. */
static void merge_lanes(moments *m)
{
    moments total = {0};
    for (int l = 0; l < B; l++) {
        const moments one = {.count = {m->count[l]}, .mean = {m->mean[l]}, .m2 = {m->m2[l]}};
        merge(&total, &one);
    }
    *m = total;
}

/* call->saved: mean and 1 / sqrt(var + eps) of every channel, zeros in the padding. A batch norm
 * that adapts has both for each image; any other has then how many values they were taken over. */
static size_t padded(const ir_call *call)
{
    return (size_t)blocks(call->shape.c) * (size_t)lanes(call->shape.c);
}

static bool adapts(const ir_call *call)
{
    return call->adapt.seen;
}

static double *saved_of(const ir_call *call, int image)
{
    return (double *)call->saved + (adapts(call) ? (size_t)image * 2 * padded(call) : 0);
}

static double *values_of(const ir_call *call)
{
    return (double *)call->saved + 2 * padded(call);
}

static void save_statistics(ir_call *call, int image, int c, double mean, double var)
{
    double *saved = saved_of(call, image);
    const bool real = c < call->shape.c;
    saved[c] = real ? mean : 0;
    saved[padded(call) + (size_t)c] = real ? 1 / sqrt(var + call->eps) : 0;
}

static void update_running(ir_call *call, int c, double mean, double m2, double count)
{
    float *running_mean = call->running_mean->value + c;
    float *running_var = call->running_var->value + c;
    const double m = call->momentum, var = m2 / (count > 1 ? count - 1 : 1);
    *running_mean = (float)((1 - m) * *running_mean + m * mean);
    *running_var = (float)((1 - m) * *running_var + m * var);
}

/* How many rows and columns count: all of them, or those of the image that are not padding. */
typedef struct {
    size_t h, w;
} extent;

static extent extent_of(const ir_call *call, int image)
{
    const ir_adapting *a = &call->adapt;
    const ir_shape s = call->shape;
    if (!adapts(call))
        return (extent){(size_t)s.h, (size_t)s.w};
    const float *own = a->extent->value + 2 * (size_t)image;
    return (extent){(size_t)ir_adapt_own(own[0], a->h, s.h),
                    (size_t)ir_adapt_own(own[1], a->w, s.w)};
}

/* Moments of the values within the extent; x: the part's first float. */
static moments extent_moments(const float *x, ir_shape s, part p, extent e)
{
    const size_t width = (size_t)lanes(s.c), row = (size_t)s.w, end = p.pixel + p.pixels;
    moments total = {0};
    if (e.w == row)
        return part_moments(x, smaller(p.pixels, e.h * row - smaller(p.pixel, e.h * row)) * width);
    for (size_t y = p.pixel / row; y < e.h && y * row < end; y++) {
        const size_t first = y * row > p.pixel ? y * row : p.pixel;
        const size_t past = smaller(y * row + e.w, end);
        if (first < past) {
            const moments m = part_moments(x + (first - p.pixel) * width, (past - first) * width);
            merge(&total, &m);
        }
    }
    return total;
}

static void find_moments(ir_call *call)
{
    const ir_shape s = call->shape;
    const float *x = call->in[0]->value;
    const int count = parts_of(s);
    moments *found = call->scratch;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        found[i] = extent_moments(x + p.at, s, p, extent_of(call, p.image));
    }
}

/* One block's, of one image. */
static moments image_moments(const ir_call *call, int block, int image)
{
    const ir_shape s = call->shape;
    const int per = parts_of_plane(s);
    const moments *found = (const moments *)call->scratch + (image * blocks(s.c) + block) * per;
    moments total = {0};
    for (int i = 0; i < per; i++)
        merge(&total, &found[i]);
    if (s.c == 1)
        merge_lanes(&total);
    return total;
}

/* ---- over images ---- */

/* For each lane: how many values, their sum and the sum of their squares. */
typedef struct {
    double count[B];
    ir_pair sum[B], squares[B];
} totals;

static void add_image(totals *t, const moments *m)
{
    for (int l = 0; l < B; l++) {
        const ir_pair square = ir_pair_product(m->mean[l], m->mean[l]);
        t->count[l] += m->count[l];
        t->sum[l] = ir_pair_sum(t->sum[l], ir_pair_product(m->count[l], m->mean[l]));
        t->squares[l] = ir_pair_sum(t->squares[l], ir_pair_times(square, m->count[l]));
        t->squares[l] = ir_pair_sum(t->squares[l], (ir_pair){.x = m->m2[l]});
    }
}

/* Each block's totals become those over the images of all processes. */
static void add_ranks(ir_comm *comm, totals *total, size_t count)
{
    if (comm->absent)
        memset(total, 0, count * sizeof *total);
    const totals *all = ir_comm_gather_all(comm, total, count * sizeof *total);
    memset(total, 0, count * sizeof *total);
    for (size_t i = 0; i < (size_t)comm->size * count; i++) {
        totals *t = &total[i % count];
        for (int l = 0; l < B; l++) {
            t->count[l] += all[i].count[l];
            t->sum[l] = ir_pair_sum(t->sum[l], all[i].sum[l]);
            t->squares[l] = ir_pair_sum(t->squares[l], all[i].squares[l]);
        }
    }
}

/* One channel's mean, rounded to a double m, and sum (x - m)^2 = sum x^2 - 2 m sum x + count m^2.
 */
typedef struct {
    double count, mean, m2;
} channel_moments;

static channel_moments moments_of(const totals *t, int l)
{
    channel_moments c = {.count = t->count[l]};
    if (c.count > 0)
        c.mean = ir_pair_over(t->sum[l], c.count);
    const ir_pair square = ir_pair_times(ir_pair_product(c.mean, c.mean), c.count);
    const ir_pair m2 =
        ir_pair_sum(t->squares[l], ir_pair_sum(ir_pair_times(t->sum[l], -2 * c.mean), square));
    c.m2 = fmax(m2.x + m2.rest, 0);
    return c;
}

static void batch_statistics(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->shape;
    totals *total = (totals *)((moments *)call->scratch + parts_of(s));
    find_moments(call);
#pragma omp parallel for schedule(static) if (parts_of(s) > 64)
    for (int block = 0; block < blocks(s.c); block++) {
        total[block] = (totals){0};
        for (int n = 0; n < s.n; n++) {
            const moments m = image_moments(call, block, n);
            add_image(&total[block], &m);
        }
    }
    if (b->comm)
        add_ranks(b->comm, total, (size_t)blocks(s.c));
    *values_of(call) = total[0].count[0];
    for (int c = 0; c < (int)padded(call); c++) {
        const channel_moments m = moments_of(&total[c / lanes(s.c)], c % lanes(s.c));
        save_statistics(call, 0, c, m.mean, m.m2 / m.count);
        if (c < s.c)
            update_running(call, c, m.mean, m.m2, m.count);
    }
}

static void running_statistics(ir_call *call)
{
    const int real = call->shape.c;
    for (int c = 0; c < (int)padded(call); c++)
        save_statistics(call, 0, c, c < real ? call->running_mean->value[c] : 0,
                        c < real ? call->running_var->value[c] : 0);
}

/* The statistics that one channel of one image is normalised with. */
static ir_statistics blend(ir_call *call, int c, double mean, double m2, double count)
{
    const ir_adapting *a = &call->adapt;
    const ir_statistics learned = {call->running_mean->value[c], call->running_var->value[c]};
    return ir_adapt(a->seen + (size_t)c * IR_ADAPT_NUMBERS(a->window), a->window, a->rate, learned,
                    (ir_statistics){mean, m2 / count}, count);
}

/* Images are taken in order, since that is the order of the window. */
static void adapted_statistics(ir_call *call)
{
    const ir_shape s = call->shape;
    find_moments(call);
#pragma omp parallel for schedule(static) if (parts_of(s) > 64)
    for (int block = 0; block < blocks(s.c); block++)
        for (int n = 0; n < s.n; n++) {
            const moments m = image_moments(call, block, n);
            for (int l = 0; l < lanes(s.c); l++) {
                const int c = block * lanes(s.c) + l;
                ir_statistics used = {0};
                if (c < s.c)
                    used = blend(call, c, m.mean[l], m.m2[l], m.count[l]);
                save_statistics(call, n, c, used.mean, used.var);
            }
        }
}

/* The numbers of one block's channels; a plane's one channel is repeated. The rounding error of the
 * mean in single precision, `rest`, is made up for in beta. */
typedef struct {
    double mean[B], inv[B];
    float rounded_mean[B], rest[B], scale[B], beta[B];
} channels;

static channels channels_of(const ir_call *call, int image, int block)
{
    channels k;
    const double *saved = saved_of(call, image);
    const int width = lanes(call->shape.c);
    for (int l = 0; l < B; l++) {
        const int c = block * width + l % width;
        const bool real = c < call->shape.c;
        k.mean[l] = saved[c];
        k.inv[l] = saved[padded(call) + (size_t)c];
        k.rounded_mean[l] = (float)k.mean[l];
        k.rest[l] = (float)(k.mean[l] - k.rounded_mean[l]);
        k.scale[l] = real ? (float)(call->weight->value[c] * k.inv[l]) : 0;
        k.beta[l] = real ? call->bias->value[c] - k.rest[l] * k.scale[l] : 0;
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

/* Normalises with the saved statistics. */
static void apply(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const float *x = call->in[0]->value;
    const int count = parts_of(s);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        normalise_part(call->value + p.at, x + p.at, p.floats, channels_of(call, p.image, p.block),
                       slope_of(call->activation));
    }
}

static void forward(ir_backend *b, ir_call *call)
{
    if (call->training)
        batch_statistics(b, call);
    else if (adapts(call))
        adapted_statistics(call);
    else
        running_statistics(call);
    apply(b, call);
}

/* ---- backward ----------------------------------------------------------------------------------
 *
 * With g the gradient of act's argument, d = x - mean, M numbers a channel:
 *
 *     dbeta = sum g,  dgamma = inv sum g d,  dx = scale (g - dbeta / M - d inv^2 (sum g d) / M) */

/* Sums of g and of g d; for a plane in B pieces. */
typedef struct {
    double g[B], gd[B];
} sums;

/* In double precision, since terms of both signs may nearly cancel. */
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

/* One block's sums over all images. */
static sums total_sums(const ir_call *call, const sums *found, int block)
{
    const ir_shape s = call->shape;
    const int per = parts_of_plane(s);
    sums total = {0};
    for (int n = 0; n < s.n; n++)
        for (int i = 0; i < per; i++)
            for (int l = 0; l < B; l++) {
                const sums *one = &found[(n * blocks(s.c) + block) * per + i];
                total.g[l] += one->g[l];
                total.gd[l] += one->gd[l];
            }
    for (int l = 1; s.c == 1 && l < B; l++) {
        total.g[0] += total.g[l];
        total.gd[0] += total.gd[l];
    }
    return total;
}

/* Over this process's images alone: parameters' gradients are summed over the processes later. */
static void parameter_gradients(ir_call *call, const sums *total)
{
    const double *inv = (double *)call->saved + padded(call);
    const int width = lanes(call->shape.c);
    for (int c = 0; c < call->shape.c; c++) {
        call->bias->grad[c] = (float)total[c / width].g[c % width];
        call->weight->grad[c] = (float)(total[c / width].gd[c % width] * inv[c]);
    }
}

/* The two means that dx needs, from the sums over the images of all processes. */
static void find_means(const ir_call *call, const sums *total, float *mean_g, float *factor)
{
    const double *inv = (double *)call->saved + padded(call), count = *values_of(call);
    const int width = lanes(call->shape.c);
    for (int c = 0; c < (int)padded(call); c++) {
        mean_g[c] = (float)(total[c / width].g[c % width] / count);
        factor[c] = (float)(total[c / width].gd[c % width] / count * inv[c] * inv[c]);
    }
}

/* These means for one block's channels; a plane's one channel is repeated. */
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

static void backward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->shape;
    const float *x = call->in[0]->value, *dy = call->grad;
    const float slope = slope_of(call->activation);
    const int count = parts_of(s), width = lanes(s.c);
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
    sums *found = call->scratch, *total = found + count;
    float *mean_g = (float *)(total + blocks(s.c)), *factor = mean_g + padded(call);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        found[i] = part_sums(x + p.at, dy + p.at, p.floats, channels_of(call, 0, p.block), slope);
    }
    for (int block = 0; block < blocks(s.c); block++)
        total[block] = total_sums(call, found, block);
    parameter_gradients(call, total);
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    if (b->comm)
        ir_comm_sum_few(b->comm, (double *)total, (size_t)blocks(s.c) * 2 * B);
    find_means(call, total, mean_g, factor);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const channels k = channels_of(call, 0, p.block);
        means m;
        for (int l = 0; l < B; l++) {
            m.factor[l] = factor[p.block * width + l % width];
            m.g[l] = mean_g[p.block * width + l % width] - k.rest[l] * m.factor[l];
        }
        grad_part(call->in[0]->grad + p.at, x + p.at, dy + p.at, p.floats, k, m, slope, add);
    }
}

static void prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    const size_t count = (size_t)parts_of(call->shape);
    const size_t sets = adapts(call) ? (size_t)call->shape.n : 1;
    call->saved_bytes = (sets * 2 * padded(call) + 1) * sizeof(double);
    call->scratch_bytes = count * sizeof(moments) + (size_t)blocks(call->shape.c) * sizeof(totals) +
                          2 * padded(call) * sizeof(float);
}

const ir_op_table IR_NAME(ir_cpu_batchnorm) = {
    .prepare = prepare, .forward = forward, .backward = backward, .recompute = apply};
