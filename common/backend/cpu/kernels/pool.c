/* Maximum and mean over windows and over whole planes. */
#include <math.h>

#include "base/base.h"
#include "loops.h"

/* Along one axis: the positions i of a window's edge for which i stride + tap - pad lies within the
 * input, as [first, end). */
typedef struct {
    int first, end;
} range;

static range inside(int tap, int pad, int stride, int in, int out)
{
    const int low = pad - tap, high = in - 1 + pad - tap;
    range r = {low > 0 ? (low + stride - 1) / stride : 0, high < 0 ? 0 : high / stride + 1};
    if (r.end > out)
        r.end = out;
    return r;
}

/* The windows that cover position i of the input. */
static range covering(int i, int kernel, int pad, int stride, int out)
{
    const int low = i + pad - kernel + 1;
    range r = {low > 0 ? (low + stride - 1) / stride : 0, (i + pad) / stride + 1};
    if (r.end > out)
        r.end = out;
    return r;
}

/* A row of one plane: which plane (image and block together), which row. Rows are what threads
 * share. */
typedef struct {
    size_t plane;
    int y;
} row;

static row row_at(ir_shape s, int i)
{
    return (row){(size_t)(i / s.h), i % s.h};
}
static int rows_of(ir_shape s)
{
    return s.n * blocks(s.c) * s.h;
}
static size_t row_floats(ir_shape s)
{
    return (size_t)s.w * (size_t)lanes(s.c);
}

/* ---- maximum; node->saved: the place in its window that won, a byte a number
 * ---------------------*/

enum { MAX_KERNEL = 16 };

static void max_pool_prepare(ir_backend *b, ir_node *node)
{
    (void)b;
    if (node->kernel > MAX_KERNEL)
        ir_die("max_pool: a kernel of %d is more than %d", node->kernel, MAX_KERNEL);
    node->saved_bytes = volume(node->shape);
}

/* One tap of the windows of a row: y[i] and its winner, for every window that has the tap inside.
 */
static inline void max_tap(float *y, uint8_t *winner, const float *x, range r, int stride,
                           int offset, uint8_t tap, int width)
{
    for (int i = r.first; i < r.end; i++)
#pragma omp simd
        for (int l = 0; l < width; l++) {
            const float value = x[(i * stride + offset) * width + l];
            const int at = i * width + l;
            winner[at] = value > y[at] ? tap : winner[at];
            y[at] = value > y[at] ? value : y[at];
        }
}

static inline void max_row(const ir_node *node, float *y, uint8_t *winner, const float *x, int top,
                           int width)
{
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const int kernel = node->kernel;
    for (size_t i = 0; i < row_floats(t); i++) {
        y[i] = -INFINITY;
        winner[i] = 0;
    }
    for (int u = 0; u < kernel; u++) {
        if (top + u < 0 || top + u >= s.h)
            continue;
        for (int v = 0; v < kernel; v++)
            max_tap(y, winner, x + (size_t)(top + u) * row_floats(s),
                    inside(v, node->pad, node->stride, s.w, t.w), node->stride, v - node->pad,
                    (uint8_t)(u * kernel + v), width);
    }
}

static void max_pool_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->in[0]->shape, t = node->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(t); i++) {
        const row r = row_at(t, i);
        const size_t at = (size_t)i * row_floats(t);
        const float *x = node->in[0]->value + r.plane * plane(s);
        const int top = r.y * node->stride - node->pad;
        if (t.c == 1)
            max_row(node, node->value + at, (uint8_t *)node->saved + at, x, top, 1);
        else
            max_row(node, node->value + at, (uint8_t *)node->saved + at, x, top, B);
    }
}

/* Each number of the input gathers from the windows that cover it: no two threads write one place.
 */
static inline void max_grad_row(const ir_node *node, float *dx, const float *dy,
                                const uint8_t *winner, int y, int width, bool add)
{
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const int kernel = node->kernel, stride = node->stride, pad = node->pad;
    const range down = covering(y, kernel, pad, stride, t.h);
    for (int x = 0; x < s.w; x++) {
        const range across = covering(x, kernel, pad, stride, t.w);
        float sum[B] = {0};
        for (int i = down.first; i < down.end; i++)
            for (int j = across.first; j < across.end; j++) {
                const int tap = (y + pad - i * stride) * kernel + (x + pad - j * stride);
                const size_t at = (size_t)(i * t.w + j) * (size_t)width;
#pragma omp simd
                for (int l = 0; l < width; l++)
                    sum[l] += winner[at + (size_t)l] == tap ? dy[at + (size_t)l] : 0;
            }
#pragma omp simd
        for (int l = 0; l < width; l++)
            dx[x * width + l] = grad_of(dx[x * width + l], sum[l], add);
    }
}

static void max_pool_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(s); i++) {
        const row r = row_at(s, i);
        float *dx = node->in[0]->grad + (size_t)i * row_floats(s);
        const float *dy = node->grad + r.plane * plane(t);
        const uint8_t *winner = (uint8_t *)node->saved + r.plane * plane(t);
        if (s.c == 1)
            max_grad_row(node, dx, dy, winner, r.y, 1, add);
        else
            max_grad_row(node, dx, dy, winner, r.y, B, add);
    }
}

/* ---- mean
 * ---------------------------------------------------------------------------------------*/

static inline void mean_row(const ir_node *node, float *y, const float *x, int width)
{
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const int kernel = node->kernel;
    const float share = 1 / (float)(kernel * kernel);
    for (int i = 0; i < t.w; i++) {
        float sum[B] = {0};
        for (int u = 0; u < kernel; u++)
            for (int v = 0; v < kernel; v++)
#pragma omp simd
                for (int l = 0; l < width; l++)
                    sum[l] += x[(u * s.w + i * node->stride + v) * width + l];
#pragma omp simd
        for (int l = 0; l < width; l++)
            y[i * width + l] = share * sum[l];
    }
}

static void avg_pool_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->in[0]->shape, t = node->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(t); i++) {
        const row r = row_at(t, i);
        float *y = node->value + (size_t)i * row_floats(t);
        const float *x =
            node->in[0]->value + r.plane * plane(s) + (size_t)(r.y * node->stride) * row_floats(s);
        if (t.c == 1)
            mean_row(node, y, x, 1);
        else
            mean_row(node, y, x, B);
    }
}

static inline void mean_grad_row(const ir_node *node, float *dx, const float *dy, int y, int width,
                                 bool add)
{
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const float share = 1 / (float)(node->kernel * node->kernel);
    const range down = covering(y, node->kernel, 0, node->stride, t.h);
    for (int x = 0; x < s.w; x++) {
        const range across = covering(x, node->kernel, 0, node->stride, t.w);
        float sum[B] = {0};
        for (int i = down.first; i < down.end; i++)
            for (int j = across.first; j < across.end; j++)
#pragma omp simd
                for (int l = 0; l < width; l++)
                    sum[l] += dy[(i * t.w + j) * width + l];
#pragma omp simd
        for (int l = 0; l < width; l++)
            dx[x * width + l] = grad_of(dx[x * width + l], share * sum[l], add);
    }
}

static void avg_pool_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->in[0]->shape, t = node->shape;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(s); i++) {
        const row r = row_at(s, i);
        float *dx = node->in[0]->grad + (size_t)i * row_floats(s);
        const float *dy = node->grad + r.plane * plane(t);
        if (s.c == 1)
            mean_grad_row(node, dx, dy, r.y, 1, add);
        else
            mean_grad_row(node, dx, dy, r.y, B, add);
    }
}

/* ---- over whole planes
 * --------------------------------------------------------------------------*/

static void global_avg_prepare(ir_backend *b, ir_node *node)
{
    (void)b;
    node->scratch_bytes = (size_t)parts_of(node->in[0]->shape) * sizeof(double[B]);
}

static void global_avg_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->in[0]->shape;
    const int count = parts_of(s), width = lanes(s.c);
    const double pixels = (double)pixels_of(s);
    double(*sum)[B] = node->scratch;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        for (int l = 0; l < B; l++)
            sum[i][l] = 0;
        add_lanes(node->in[0]->value + p.at, p.floats, sum[i]);
    }
    for (int k = 0; k < s.n * blocks(s.c); k++) {
        double total[B];
        total_of_plane(node->scratch, s, k, total);
        for (int l = 0; l < width; l++)
            node->value[k * width + l] = (float)(total[l] / pixels);
    }
}

/* dx = dy / (H W), or, with winner, dy at the winning pixel and 0 elsewhere. */
static void spread(ir_node *node, float share, const int32_t *winner)
{
    const ir_shape s = node->in[0]->shape;
    const int count = parts_of(s);
    const size_t width = (size_t)lanes(s.c);
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const size_t first = (size_t)(p.image * blocks(s.c) + p.block) * width;
        float *dx = node->in[0]->grad + p.at;
        for (size_t k = 0; k < p.pixels; k++)
            for (size_t l = 0; l < width; l++) {
                const bool won = !winner || winner[first + l] == (int32_t)(p.pixel + k);
                const float value = won ? share * node->grad[first + l] : 0;
                dx[k * width + l] = grad_of(dx[k * width + l], value, add);
            }
    }
}

static void global_avg_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    spread(node, 1 / (float)pixels_of(node->in[0]->shape), NULL);
}

/* node->saved: the first pixel of those that hold the maximum, an int32_t a channel. */
static void global_max_prepare(ir_backend *b, ir_node *node)
{
    (void)b;
    node->saved_bytes = volume(node->shape) * sizeof(int32_t);
}

static void global_max_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->in[0]->shape;
    const size_t width = (size_t)lanes(s.c), pixels = pixels_of(s);
    int32_t *winner = node->saved;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int k = 0; k < s.n * blocks(s.c); k++) {
        const float *x = node->in[0]->value + (size_t)k * plane(s);
        for (size_t l = 0; l < width; l++) {
            size_t best = 0;
            for (size_t p = 1; p < pixels; p++)
                if (x[p * width + l] > x[best * width + l])
                    best = p;
            node->value[(size_t)k * width + l] = x[best * width + l];
            winner[(size_t)k * width + l] = (int32_t)best;
        }
    }
}

static void global_max_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    spread(node, 1, node->saved);
}

const ir_op_table IR_NAME(ir_cpu_max_pool) = {max_pool_prepare, max_pool_forward, max_pool_backward,
                                              NULL};
const ir_op_table IR_NAME(ir_cpu_avg_pool) = {NULL, avg_pool_forward, avg_pool_backward, NULL};
const ir_op_table IR_NAME(ir_cpu_global_avg_pool) = {global_avg_prepare, global_avg_forward,
                                                     global_avg_backward, NULL};
const ir_op_table IR_NAME(ir_cpu_global_max_pool) = {global_max_prepare, global_max_forward,
                                                     global_max_backward, NULL};
