/* Bilinear resizing as PyTorch's interpolate does it, without antialiasing: rows are mixed first,
 * then pixels within the row. Positions are computed in double precision. */
#include <stdlib.h>

#include "base/base.h"
#include "loops.h"

/* One axis: out[i] = (1 - t[i]) in[low[i]] + t[i] in[high[i]]. For the way back: in[j] was read by
 * the count[j] outputs from first[j] on, weight[at[j]], weight[at[j] + 1], ... of it. */
typedef struct {
    int *low, *high, *first, *count, *at;
    float *t, *weight;
} axis;

typedef struct {
    axis down, across;
} tables;

/* align_corners: the centres of the corner pixels meet; otherwise their outer corners do. */
static double position(int i, int in, int out, bool align_corners)
{
    if (align_corners)
        return out > 1 ? (double)i * (in - 1) / (out - 1) : 0;
    const double at = (i + 0.5) * in / out - 0.5;
    return at > 0 ? at : 0;
}

/* The weights of the way back, from the others. */
static void invert(axis *a, int in, int out)
{
    for (int i = out - 1; i >= 0; i--)
        a->first[a->low[i]] = a->first[a->high[i]] = i;
    for (int i = 0; i < out; i++)
        for (int j = a->low[i]; j <= a->high[i]; j++)
            a->count[j] = i + 1 - a->first[j];
    for (int j = 0, at = 0; j < in; at += a->count[j++]) {
        a->at[j] = at;
        for (int k = 0; k < a->count[j]; k++) {
            const int i = a->first[j] + k;
            a->weight[at + k] =
                (a->low[i] == j ? 1 - a->t[i] : 0) + (a->high[i] == j ? a->t[i] : 0);
        }
    }
}

static axis axis_make(int in, int out, bool align_corners)
{
    axis a = {.low = ir_calloc((size_t)out, sizeof(int)),
              .high = ir_calloc((size_t)out, sizeof(int)),
              .first = ir_calloc((size_t)in, sizeof(int)),
              .count = ir_calloc((size_t)in, sizeof(int)),
              .at = ir_calloc((size_t)in, sizeof(int)),
              .t = ir_calloc((size_t)out, sizeof(float)),
              .weight = ir_calloc(2 * (size_t)out, sizeof(float))};
    for (int i = 0; i < out; i++) {
        const double at = position(i, in, out, align_corners);
        a.low[i] = at < in - 1 ? (int)at : in - 1;
        a.high[i] = a.low[i] < in - 1 ? a.low[i] + 1 : in - 1;
        a.t[i] = (float)(at - a.low[i]);
    }
    invert(&a, in, out);
    return a;
}

static void axis_free(axis a)
{
    free(a.low);
    free(a.high);
    free(a.first);
    free(a.count);
    free(a.at);
    free(a.t);
    free(a.weight);
}

static size_t row_floats(ir_shape s)
{
    return (size_t)s.w * (size_t)lanes(s.c);
}

/* A row for each thread: of the input forward, of the output backward. */
static void prepare(ir_backend *b, ir_node *node)
{
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const size_t widest = row_floats(s) > row_floats(t) ? row_floats(s) : row_floats(t);
    tables *of = ir_malloc(sizeof *of);
    of->down = axis_make(s.h, t.h, node->align_corners);
    of->across = axis_make(s.w, t.w, node->align_corners);
    node->state = of;
    node->scratch_bytes = (size_t)((ir_cpu *)b)->threads * widest * sizeof(float);
}

static void release(ir_backend *b, ir_node *node)
{
    (void)b;
    tables *of = node->state;
    axis_free(of->down);
    axis_free(of->across);
    free(of);
}

static inline float mix(float low, float high, float t)
{
    return (1 - t) * low + t * high;
}

static void mix_rows(float *row, const float *low, const float *high, float t, size_t floats)
{
#pragma omp simd
    for (size_t k = 0; k < floats; k++)
        row[k] = mix(low[k], high[k], t);
}

static void mix_pixels(float *y, const float *row, const axis *a, int out)
{
    for (int i = 0; i < out; i++)
#pragma omp simd
        for (int l = 0; l < B; l++)
            y[i * B + l] = mix(row[a->low[i] * B + l], row[a->high[i] * B + l], a->t[i]);
}

/* The same of a plane. */
static void mix_numbers(float *y, const float *row, const axis *a, int out)
{
    const int *low = a->low, *high = a->high;
    const float *t = a->t;
#pragma omp simd
    for (int i = 0; i < out; i++)
        y[i] = mix(row[low[i]], row[high[i]], t[i]);
}

static void forward(ir_backend *b, ir_node *node)
{
    const int threads = ((ir_cpu *)b)->threads;
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const tables *of = node->state;
    const size_t in = row_floats(s), out = row_floats(t);
    const int rows = t.n * blocks(t.c) * t.h;
#pragma omp parallel for schedule(static) num_threads(threads) if (!is_small(t))
    for (int i = 0; i < rows; i++) {
        const int y = i % t.h;
        const float *x = node->in[0]->value + (size_t)(i / t.h) * plane(s);
        const float *low = x + (size_t)of->down.low[y] * in;
        const float *high = x + (size_t)of->down.high[y] * in;
        float *row = (float *)node->scratch + (size_t)omp_get_thread_num() * in;
        mix_rows(row, low, high, of->down.t[y], in);
        if (t.c == 1)
            mix_numbers(node->value + (size_t)i * out, row, &of->across, t.w);
        else
            mix_pixels(node->value + (size_t)i * out, row, &of->across, t.w);
    }
}

/* d (+)= the sum of what read in[j], by weight, two at a time; one of it is `floats` long. */
static inline void gather(float *d, const float *dy, const axis *a, int j, size_t floats, bool add)
{
    const float *weight = a->weight + a->at[j], *from = dy + (size_t)a->first[j] * floats;
    const int count = a->count[j];
    if (count == 0 && !add)
        for (size_t i = 0; i < floats; i++)
            d[i] = 0;
    for (int k = 0; k < count; k += 2) {
        const bool pair = k + 1 < count;
        const float *one = from + (size_t)k * floats, *two = pair ? one + floats : one;
        const float w1 = weight[k], w2 = pair ? weight[k + 1] : 0;
#pragma omp simd
        for (size_t i = 0; i < floats; i++)
            d[i] = grad_of(d[i], w1 * one[i] + w2 * two[i], add || k > 0);
    }
}

static void gather_row(float *dx, const float *row, const axis *a, int in, int width, bool add)
{
    for (int j = 0; j < in; j++)
        if (width == 1)
            gather(dx + j, row, a, j, 1, add);
        else
            gather(dx + j * B, row, a, j, B, add);
}

static void backward(ir_backend *b, ir_node *node)
{
    const int threads = ((ir_cpu *)b)->threads;
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const tables *of = node->state;
    const size_t in = row_floats(s), out = row_floats(t);
    const int rows = s.n * blocks(s.c) * s.h;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) num_threads(threads) if (!is_small(t))
    for (int i = 0; i < rows; i++) {
        float *dx = node->in[0]->grad + (size_t)i * in;
        float *row = (float *)node->scratch + (size_t)omp_get_thread_num() * out;
        gather(row, node->grad + (size_t)(i / s.h) * plane(t), &of->down, i % s.h, out, false);
        gather_row(dx, row, &of->across, s.w, lanes(s.c), add);
    }
}

const ir_op_table IR_NAME(ir_cpu_resize) = {prepare, forward, backward, release, NULL};
