/* Bilinear resizing as PyTorch's interpolate does it, without antialiasing: rows are mixed first,
 * then pixels within the row. Positions are computed in double precision. */
#include <stdlib.h>

#include "base/base.h"
#include "loops.h"

/* One axis: out[i] = (1 - t[i]) in[low[i]] + t[i] in[high[i]]; and, for the way back, the first and
 * one past the last i that read in[j]. */
typedef struct {
    int *low, *high, *first, *end;
    float *t;
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

static axis axis_make(int in, int out, bool align_corners)
{
    axis a = {ir_calloc((size_t)out, sizeof(int)), ir_calloc((size_t)out, sizeof(int)),
              ir_calloc((size_t)in, sizeof(int)), ir_calloc((size_t)in, sizeof(int)),
              ir_calloc((size_t)out, sizeof(float))};
    for (int i = 0; i < out; i++) {
        const double at = position(i, in, out, align_corners);
        a.low[i] = at < in - 1 ? (int)at : in - 1;
        a.high[i] = a.low[i] < in - 1 ? a.low[i] + 1 : in - 1;
        a.t[i] = (float)(at - a.low[i]);
    }
    for (int i = out - 1; i >= 0; i--)
        a.first[a.low[i]] = a.first[a.high[i]] = i;
    for (int i = 0; i < out; i++)
        a.end[a.low[i]] = a.end[a.high[i]] = i + 1;
    return a;
}

static void axis_free(axis a)
{
    free(a.low);
    free(a.high);
    free(a.first);
    free(a.end);
    free(a.t);
}

/* How much of in[j] is in out[i]. */
static inline float share(const axis *a, int i, int j)
{
    return (a->low[i] == j ? 1 - a->t[i] : 0) + (a->high[i] == j ? a->t[i] : 0);
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

static inline void spread_row(float *y, const float *row, const axis *across, int out, int width)
{
    for (int i = 0; i < out; i++) {
        const float t = across->t[i];
        const float *low = row + across->low[i] * width, *high = row + across->high[i] * width;
#pragma omp simd
        for (int l = 0; l < width; l++)
            y[i * width + l] = (1 - t) * low[l] + t * high[l];
    }
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
        const float *high = x + (size_t)of->down.high[y] * in, mix = of->down.t[y];
        float *row = (float *)node->scratch + (size_t)omp_get_thread_num() * in;
#pragma omp simd
        for (size_t k = 0; k < in; k++)
            row[k] = (1 - mix) * low[k] + mix * high[k];
        if (t.c == 1)
            spread_row(node->value + (size_t)i * out, row, &of->across, t.w, 1);
        else
            spread_row(node->value + (size_t)i * out, row, &of->across, t.w, B);
    }
}

static inline void gather_row(float *dx, const float *row, const axis *across, int in, int width,
                              bool add)
{
    for (int j = 0; j < in; j++) {
        float sum[B] = {0};
        for (int i = across->first[j]; i < across->end[j]; i++) {
            const float part = share(across, i, j);
#pragma omp simd
            for (int l = 0; l < width; l++)
                sum[l] += part * row[i * width + l];
        }
#pragma omp simd
        for (int l = 0; l < width; l++)
            dx[j * width + l] = grad_of(dx[j * width + l], sum[l], add);
    }
}

/* The sum of the output's rows that read row j of the input, as much of each as was read. */
static void gather_rows(float *row, const float *dy, const axis *down, int j, size_t floats)
{
    for (size_t k = 0; k < floats; k++)
        row[k] = 0;
    for (int i = down->first[j]; i < down->end[j]; i++) {
        const float part = share(down, i, j);
#pragma omp simd
        for (size_t k = 0; k < floats; k++)
            row[k] += part * dy[(size_t)i * floats + k];
    }
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
        gather_rows(row, node->grad + (size_t)(i / s.h) * plane(t), &of->down, i % s.h, out);
        if (s.c == 1)
            gather_row(dx, row, &of->across, s.w, 1, add);
        else
            gather_row(dx, row, &of->across, s.w, B, add);
    }
}

const ir_op_table IR_NAME(ir_cpu_resize) = {prepare, forward, backward, release};
