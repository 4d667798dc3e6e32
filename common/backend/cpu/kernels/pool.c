/* Maximum and mean over windows and over whole planes. */
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "loops.h"

/* Along one axis: [first, end). */
typedef struct {
    int first, end;
} range;

static range clip(range r, int end)
{
    if (r.first < 0)
        r.first = 0;
    if (r.end > end)
        r.end = end;
    return r;
}

/* floor(a / b), b > 0 */
static int floor_ratio(int a, int b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* The windows i whose tap t lies within the input: it is at i stride + t - pad. */
static range windows_inside(int t, int pad, int stride, int in, int out)
{
    const range r = {-floor_ratio(t - pad, stride), floor_ratio(in - 1 + pad - t, stride) + 1};
    return clip(r, out);
}

/* The windows that cover position i of the input. */
static range windows_over(int i, int kernel, int pad, int stride, int out)
{
    const range r = {-floor_ratio(kernel - 1 - i - pad, stride), (i + pad) / stride + 1};
    return clip(r, out);
}

/* Threads share the rows, counted over all planes. */
static int rows_of(ir_shape s)
{
    return s.n * blocks(s.c) * s.h;
}
static size_t row_floats(ir_shape s)
{
    return (size_t)s.w * (size_t)lanes(s.c);
}

/* ---- maximum; call->saved: the tap of its window that won, a byte a number --------------------*/

enum { MAX_KERNEL = 16 };

static void max_pool_prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    if (call->kernel > MAX_KERNEL)
        ir_die("max_pool: a kernel of %d is more than %d", call->kernel, MAX_KERNEL);
    call->saved_bytes = volume(call->shape);
}

/* The maxima of `count` windows over their taps [down] x [across]. The windows are the channels of
 * one window (step 1, width B), or neighbouring windows of a plane (step: the stride, width 1): in
 * x, windows are `step` and taps `width` apart. */
static inline void max_group(float *y, uint8_t *winner, const float *x, size_t row, range down,
                             range across, int kernel, int count, int step, int width)
{
    float best[B];
    int tap[B];
    for (int l = 0; l < count; l++) {
        best[l] = -INFINITY;
        tap[l] = 0;
    }
    for (int u = down.first; u < down.end; u++)
        for (int v = across.first; v < across.end; v++)
#pragma omp simd
            for (int l = 0; l < count; l++) {
                const float value = x[(ptrdiff_t)row * u + v * width + l * step];
                const int won = -(value > best[l]) & (u * kernel + v); /* taps only grow */
                tap[l] = won > tap[l] ? won : tap[l];
                best[l] = value > best[l] ? value : best[l];
            }
#pragma omp simd
    for (int l = 0; l < count; l++)
        y[l] = best[l];
#pragma omp simd
    for (int l = 0; l < count; l++)
        winner[l] = (uint8_t)tap[l];
}

/* Does, in whole groups, the windows of a row that lie inside; returns the first that is left. In
 * the usual sizes, kernel and stride are constants. */
static inline int max_groups(float *y, uint8_t *winner, const float *x, size_t row, range inside,
                             int kernel, int stride, int width)
{
    const range all = {0, kernel};
    const int windows = width == 1 ? B : 1, step = width == 1 ? stride : 1;
    int i = inside.first;
    for (; i + windows <= inside.end; i += windows)
        max_group(y + i * width, winner + i * width, x + i * stride * width, row, all, all, kernel,
                  B, step, width);
    return i;
}

static inline void max_row(const ir_call *call, float *y, uint8_t *winner, const float *x, int top,
                           int width)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const int kernel = call->kernel, stride = call->stride, pad = call->pad;
    const size_t row = row_floats(s);
    const range down = clip((range){-top, s.h - top}, kernel);
    const bool cut = down.end - down.first < kernel;
    const range inside = {windows_inside(0, pad, stride, s.w, t.w).first,
                          cut ? 0 : windows_inside(kernel - 1, pad, stride, s.w, t.w).end};
    const float *at = x + ((ptrdiff_t)top * s.w - pad) * width;
    int done;
    if (kernel == 2 && stride == 2)
        done = max_groups(y, winner, at, row, inside, 2, 2, width);
    else if (kernel == 3 && stride == 2)
        done = max_groups(y, winner, at, row, inside, 3, 2, width);
    else if (kernel == 3 && stride == 1)
        done = max_groups(y, winner, at, row, inside, 3, 1, width);
    else
        done = max_groups(y, winner, at, row, inside, kernel, stride, width);
    for (int i = 0; i < t.w; i++) {
        if (i == inside.first && done > i)
            i = done;
        if (i < t.w)
            max_group(y + i * width, winner + i * width, at + i * stride * width, row, down,
                      clip((range){pad - i * stride, s.w + pad - i * stride}, kernel), kernel,
                      width, 1, width);
    }
}

static void max_pool_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape, t = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(t); i++) {
        const size_t at = (size_t)i * row_floats(t);
        const float *x = call->in[0]->value + (size_t)(i / t.h) * plane(s);
        const int top = i % t.h * call->stride - call->pad;
        if (t.c == 1)
            max_row(call, call->value + at, (uint8_t *)call->saved + at, x, top, 1);
        else
            max_row(call, call->value + at, (uint8_t *)call->saved + at, x, top, B);
    }
}

/* Adds to dx, for one tap of a row of windows, dy where that tap won. */
static inline void max_tap(float *dx, const float *dy, const uint8_t *winner, range windows,
                           int stride, int offset, int tap, int width)
{
    for (int i = windows.first; i < windows.end; i++)
#pragma omp simd
        for (int l = 0; l < width; l++) {
            const float won = winner[i * width + l] == tap ? 1 : 0;
            dx[(i * stride + offset) * width + l] += won * dy[i * width + l];
        }
}

/* Row y of dx gathers from the windows that cover it, so no two threads write to one place. */
static inline void max_grad_row(const ir_call *call, float *dx, const float *dy,
                                const uint8_t *winner, int y, int width)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const int kernel = call->kernel, stride = call->stride, pad = call->pad;
    const range down = windows_over(y, kernel, pad, stride, t.h);
    for (int i = down.first; i < down.end; i++) {
        const size_t at = (size_t)i * row_floats(t);
        for (int v = 0; v < kernel; v++)
            max_tap(dx, dy + at, winner + at, windows_inside(v, pad, stride, s.w, t.w), stride,
                    v - pad, (y + pad - i * stride) * kernel + v, width);
    }
}

static void max_pool_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape, t = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(s); i++) {
        const size_t at = (size_t)(i / s.h) * plane(t);
        float *dx = call->in[0]->grad + (size_t)i * row_floats(s);
        const uint8_t *winner = (uint8_t *)call->saved + at;
        if (call->grad_use[0] == IR_GRAD_WRITE)
            memset(dx, 0, row_floats(s) * sizeof *dx);
        if (s.c == 1)
            max_grad_row(call, dx, call->grad + at, winner, i % s.h, 1);
        else
            max_grad_row(call, dx, call->grad + at, winner, i % s.h, B);
    }
}

/* ---- mean -------------------------------------------------------------------------------------*/

static inline void mean_windows(float *y, const float *x, size_t row, int count, int kernel,
                                int stride, int width)
{
    const float share = 1 / (float)(kernel * kernel);
    for (int i = 0; i < count; i++) {
        float sum[B] = {0};
        for (int u = 0; u < kernel; u++)
            for (int v = 0; v < kernel; v++)
#pragma omp simd
                for (int l = 0; l < width; l++)
                    sum[l] += x[(size_t)u * row + (size_t)((i * stride + v) * width + l)];
#pragma omp simd
        for (int l = 0; l < width; l++)
            y[i * width + l] = share * sum[l];
    }
}

static inline void mean_row(const ir_call *call, float *y, const float *x, int width)
{
    const size_t row = row_floats(call->in[0]->shape);
    if (call->kernel == 2 && call->stride == 2)
        mean_windows(y, x, row, call->shape.w, 2, 2, width);
    else
        mean_windows(y, x, row, call->shape.w, call->kernel, call->stride, width);
}

static void avg_pool_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape, t = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(t); i++) {
        float *y = call->value + (size_t)i * row_floats(t);
        const float *x = call->in[0]->value + (size_t)(i / t.h) * plane(s) +
                         (size_t)(i % t.h * call->stride) * row_floats(s);
        if (t.c == 1)
            mean_row(call, y, x, 1);
        else
            mean_row(call, y, x, B);
    }
}

static inline void mean_tap(float *dx, const float *dy, range windows, int stride, int offset,
                            float share, int width)
{
    for (int i = windows.first; i < windows.end; i++)
#pragma omp simd
        for (int l = 0; l < width; l++)
            dx[(i * stride + offset) * width + l] += share * dy[i * width + l];
}

static inline void mean_grad_row(const ir_call *call, float *dx, const float *dy, int y, int width)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const int kernel = call->kernel, stride = call->stride;
    const range down = windows_over(y, kernel, 0, stride, t.h);
    for (int i = down.first; i < down.end; i++)
        for (int v = 0; v < kernel; v++)
            mean_tap(dx, dy + (size_t)i * row_floats(t), windows_inside(v, 0, stride, s.w, t.w),
                     stride, v, 1 / (float)(kernel * kernel), width);
}

static void avg_pool_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape, t = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < rows_of(s); i++) {
        float *dx = call->in[0]->grad + (size_t)i * row_floats(s);
        const float *dy = call->grad + (size_t)(i / s.h) * plane(t);
        if (call->grad_use[0] == IR_GRAD_WRITE)
            memset(dx, 0, row_floats(s) * sizeof *dx);
        if (s.c == 1)
            mean_grad_row(call, dx, dy, i % s.h, 1);
        else
            mean_grad_row(call, dx, dy, i % s.h, B);
    }
}

/* ---- over whole planes ------------------------------------------------------------------------*/

static void global_avg_prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    call->scratch_bytes = (size_t)parts_of(call->in[0]->shape) * sizeof(double[B]);
}

static void global_avg_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape;
    const int count = parts_of(s), width = lanes(s.c);
    const double pixels = (double)pixels_of(s);
    double(*sum)[B] = call->scratch;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        for (int l = 0; l < B; l++)
            sum[i][l] = 0;
        add_lanes(call->in[0]->value + p.at, p.floats, sum[i]);
    }
    for (int k = 0; k < s.n * blocks(s.c); k++) {
        double total[B];
        total_of_plane(call->scratch, s, k, total);
        for (int l = 0; l < width; l++)
            call->value[k * width + l] = (float)(total[l] / pixels);
    }
}

/* dy for the lanes of one block; a plane's one number is repeated. */
static void lanes_of_grad(const ir_call *call, part p, float dy[B])
{
    const int width = lanes(call->shape.c),
              first = (p.image * blocks(call->shape.c) + p.block) * width;
    for (int l = 0; l < B; l++)
        dy[l] = call->grad[first + l % width];
}

static void spread(float *dx, const float dy[B], size_t floats, float share, bool add)
{
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            dx[i + l] = grad_of(dx[i + l], share * dy[l], add);
    for (size_t l = 0; i + l < floats; l++)
        dx[i + l] = grad_of(dx[i + l], share * dy[l], add);
}

static void global_avg_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape;
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        float dy[B];
        lanes_of_grad(call, p, dy);
        spread(call->in[0]->grad + p.at, dy, p.floats, 1 / (float)pixels_of(s), add);
    }
}

/* call->saved: the first pixel that has the maximum, an int32_t a channel. */
static void global_max_prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    call->saved_bytes = volume(call->shape) * sizeof(int32_t);
}

/* Each lane's maximum, and the first pixel that has it. */
static void max_of_plane(const float *x, size_t pixels, int width, float *best, int32_t *winner)
{
    for (int l = 0; l < width; l++) {
        best[l] = x[l];
        winner[l] = 0;
    }
    for (size_t p = 1; p < pixels; p++)
        for (int l = 0; l < width; l++)
            if (x[p * (size_t)width + (size_t)l] > best[l]) {
                best[l] = x[p * (size_t)width + (size_t)l];
                winner[l] = (int32_t)p;
            }
}

static void global_max_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape;
    const int width = lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int k = 0; k < s.n * blocks(s.c); k++)
        max_of_plane(call->in[0]->value + (size_t)k * plane(s), pixels_of(s), width,
                     call->value + k * width, (int32_t *)call->saved + k * width);
}

/* In each lane the winning pixel alone gets the gradient. */
static void global_max_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape;
    const size_t width = (size_t)lanes(s.c);
    const int32_t *winner = call->saved;
    if (call->grad_use[0] == IR_GRAD_WRITE) {
#pragma omp parallel for schedule(static) if (!is_small(s))
        for (int i = 0; i < parts_of(s); i++) {
            const part p = part_at(s, i);
            memset(call->in[0]->grad + p.at, 0, p.floats * sizeof(float));
        }
    }
    for (size_t k = 0; k < volume(call->shape); k++)
        call->in[0]->grad[k / width * plane(s) + (size_t)winner[k] * width + k % width] +=
            call->grad[k];
}

const ir_op_table IR_NAME(ir_cpu_max_pool) = {
    .prepare = max_pool_prepare, .forward = max_pool_forward, .backward = max_pool_backward};
const ir_op_table IR_NAME(ir_cpu_avg_pool) = {.forward = avg_pool_forward,
                                              .backward = avg_pool_backward};
const ir_op_table IR_NAME(ir_cpu_global_avg_pool) = {
    .prepare = global_avg_prepare, .forward = global_avg_forward, .backward = global_avg_backward};
const ir_op_table IR_NAME(ir_cpu_global_max_pool) = {
    .prepare = global_max_prepare, .forward = global_max_forward, .backward = global_max_backward};
