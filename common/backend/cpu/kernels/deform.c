/* Deformable sampling (Dai et al., Deformable Convolutional Networks, ICCV 2017). What each tap of
 * a kernel reads at each pixel becomes a channel, a "column"; a 1x1 convolution of them follows.
 *
 *     y[n, c K + t, i, j] = x(n, c, i+u-kh/2+dy, j+v-kw/2+dx),  t = u kw + v,  K = kh kw
 *
 * with dy = offset[n, 2t, i, j] and dx = offset[n, 2t+1, i, j], or 0 without offsets. Between
 * pixels x is bilinear, outside of the image 0. At -1 and beyond its slope is 0 too, as in the
 * authors' code. */
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "loops.h"

enum { CORNERS = 4, MAX_TAPS = 49 };

/* A point of the image, by its four neighbours. Its value is sum_k weight[k] x[pixel[k]]; with the
 * factors down[k] and across[k] the sum is its derivative. Neighbours outside of the image have
 * factors 0. On a grid line the derivative is that of the side that floor() chooses. */
typedef struct {
    size_t pixel[CORNERS];
    float weight[CORNERS], down[CORNERS], across[CORNERS];
} point;

static point point_at(ir_shape s, double y, double x)
{
    point p = {0};
    if (!(y > -1 && y < s.h && x > -1 && x < s.w)) /* nor is it NaN */
        return p;
    const int top = (int)floor(y), left = (int)floor(x);
    const float low = (float)(y - top), right = (float)(x - left);
    for (int k = 0; k < CORNERS; k++) {
        const int i = top + k / 2, j = left + k % 2;
        if (i < 0 || i >= s.h || j < 0 || j >= s.w)
            continue;
        const float vertical = k / 2 ? low : 1 - low, horizontal = k % 2 ? right : 1 - right;
        p.pixel[k] = (size_t)i * (size_t)s.w + (size_t)j;
        p.weight[k] = vertical * horizontal;
        p.down[k] = k / 2 ? horizontal : -horizontal;
        p.across[k] = k % 2 ? vertical : -vertical;
    }
    return p;
}

static int taps_of(const ir_call *call)
{
    return call->kernel_h * call->kernel_w;
}

/* The points that the taps of pixel (i, j) read. */
static void find_points(const ir_call *call, int image, int i, int j, point *points)
{
    const ir_shape s = call->in[0]->shape;
    const ir_call *offset = call->inputs > 1 ? call->in[1] : NULL;
    const size_t pixel = (size_t)i * (size_t)s.w + (size_t)j;
    for (int t = 0; t < taps_of(call); t++) {
        double y = i + t / call->kernel_w - call->kernel_h / 2;
        double x = j + t % call->kernel_w - call->kernel_w / 2;
        if (offset) { /* B is even: both lie in one block */
            const float *d = offset->value + channel_at(offset->shape, image, 2 * t) + pixel * B;
            y += d[0];
            x += d[1];
        }
        points[t] = point_at(s, y, x);
    }
}

/* ---- one pixel's columns ---------------------------------------------------------------------
 *
 * A block of x with v lanes has v K columns. They fill whole blocks of y; where x is a plane, they
 * are all of y. */

typedef struct {
    size_t at, step; /* of a pixel's first block; from one block to the next */
    int blocks, width;
} columns;

static columns columns_at(const ir_call *call, int image, int block, size_t pixel)
{
    const ir_shape t = call->shape;
    const int first = block * taps_of(call), width = lanes(t.c);
    return (columns){
        .at = (size_t)(image * blocks(t.c) + first) * plane(t) + pixel * (size_t)width,
        .step = plane(t),
        .blocks = (int)smaller((size_t)taps_of(call), (size_t)(blocks(t.c) - first)),
        .width = width,
    };
}

static inline float mix(const float *x, const size_t pixel[CORNERS], const float factor[CORNERS],
                        int width, int l)
{
    float sum = 0;
    for (int k = 0; k < CORNERS; k++)
        sum += factor[k] * x[pixel[k] * (size_t)width + (size_t)l];
    return sum;
}

static inline void sample(float *y, columns to, const float *x, const point *points, int taps,
                          int width)
{
    float row[MAX_TAPS * B + B];
    for (int t = 0; t < taps; t++) {
        float value[B];
#pragma omp simd
        for (int l = 0; l < width; l++)
            value[l] = mix(x, points[t].pixel, points[t].weight, width, l);
        for (int l = 0; l < width; l++)
            row[l * taps + t] = value[l];
    }
    for (int l = taps * width; l < to.blocks * to.width; l++)
        row[l] = 0;
    for (int q = 0; q < to.blocks; q++)
        memcpy(y + to.at + (size_t)q * to.step, row + q * to.width, (size_t)to.width * sizeof *row);
}

/* tap[t * width + l] = the gradient of lane l's column t; 0 from lane `real` on. */
static inline void load_gradient(float *tap, const float *dy, columns from, int taps, int width,
                                 int real)
{
    float row[MAX_TAPS * B + B];
    for (int q = 0; q < from.blocks; q++)
        memcpy(row + q * from.width, dy + from.at + (size_t)q * from.step,
               (size_t)from.width * sizeof *row);
    for (int t = 0; t < taps; t++)
        for (int l = 0; l < width; l++)
            tap[t * width + l] = l < real ? row[l * taps + t] : 0;
}

/* ---- forward ------------------------------------------------------------------------------- */

static void prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    if (taps_of(call) > MAX_TAPS)
        ir_die("deform: a kernel of %d taps is more than %d", taps_of(call), MAX_TAPS);
}

static inline void sample_row(const ir_call *call, int image, int i, int width)
{
    const ir_shape s = call->in[0]->shape;
    const int taps = taps_of(call), count = blocks(s.c);
    point points[MAX_TAPS];
    for (int j = 0; j < s.w; j++) {
        const size_t pixel = (size_t)i * (size_t)s.w + (size_t)j;
        find_points(call, image, i, j, points);
        for (int k = 0; k < count; k++)
            sample(call->value, columns_at(call, image, k, pixel),
                   call->in[0]->value + (size_t)(image * count + k) * plane(s), points, taps,
                   width);
    }
}

static void forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape;
#pragma omp parallel for schedule(static) if (!is_small(call->shape))
    for (int r = 0; r < s.n * s.h; r++)
        if (s.c == 1)
            sample_row(call, r / s.h, r % s.h, 1);
        else
            sample_row(call, r / s.h, r % s.h, B);
}

/* ---- backward ------------------------------------------------------------------------------ */

/* One block of one image, pixel after pixel, since the points of any two may coincide. */
static inline void scatter_block(const ir_call *call, int image, int block, int width, bool add)
{
    const ir_shape s = call->in[0]->shape;
    const int taps = taps_of(call);
    float *dx = call->in[0]->grad + (size_t)(image * blocks(s.c) + block) * plane(s);
    point points[MAX_TAPS];
    float tap[MAX_TAPS * B];
    if (!add)
        memset(dx, 0, plane(s) * sizeof *dx);
    for (size_t pixel = 0; pixel < pixels_of(s); pixel++) {
        find_points(call, image, (int)pixel / s.w, (int)pixel % s.w, points);
        load_gradient(tap, call->grad, columns_at(call, image, block, pixel), taps, width,
                      s.c - block * width);
        for (int t = 0; t < taps; t++)
            for (int k = 0; k < CORNERS; k++)
#pragma omp simd
                for (int l = 0; l < width; l++)
                    dx[points[t].pixel[k] * (size_t)width + (size_t)l] +=
                        points[t].weight[k] * tap[t * width + l];
    }
}

static void backward_input(const ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const int count = blocks(s.c);
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(call->shape))
    for (int i = 0; i < s.n * count; i++)
        if (s.c == 1)
            scatter_block(call, i / count, i % count, 1, add);
        else
            scatter_block(call, i / count, i % count, B, add);
}

/* For one pixel: each tap's derivative by its displacement down, then across; a sum in each lane.
 */
typedef struct {
    float lane[2 * MAX_TAPS][B];
} slopes;

static inline void add_slopes(slopes *sum, const float *x, const float *tap, const point *points,
                              int taps, int width)
{
    for (int t = 0; t < taps; t++)
#pragma omp simd
        for (int l = 0; l < width; l++) {
            const float g = tap[t * width + l];
            sum->lane[2 * t][l] += g * mix(x, points[t].pixel, points[t].down, width, l);
            sum->lane[2 * t + 1][l] += g * mix(x, points[t].pixel, points[t].across, width, l);
        }
}

static void store_slopes(const ir_call *offset, int image, size_t pixel, const slopes *sum,
                         bool add)
{
    const ir_shape s = offset->shape;
    for (int c = 0; c < blocks(s.c) * B; c++) {
        float total = 0;
        for (int l = 0; c < s.c && l < B; l++)
            total += sum->lane[c][l];
        float *d = offset->grad + channel_at(s, image, c) + pixel * B;
        *d = grad_of(*d, total, add);
    }
}

static inline void slope_row(const ir_call *call, int image, int i, int width, bool add)
{
    const ir_shape s = call->in[0]->shape;
    const int taps = taps_of(call), count = blocks(s.c);
    point points[MAX_TAPS];
    float tap[MAX_TAPS * B];
    for (int j = 0; j < s.w; j++) {
        const size_t pixel = (size_t)i * (size_t)s.w + (size_t)j;
        slopes sum;
        memset(sum.lane, 0, 2 * (size_t)taps * sizeof *sum.lane);
        find_points(call, image, i, j, points);
        for (int k = 0; k < count; k++) {
            load_gradient(tap, call->grad, columns_at(call, image, k, pixel), taps, width,
                          s.c - k * width);
            add_slopes(&sum, call->in[0]->value + (size_t)(image * count + k) * plane(s), tap,
                       points, taps, width);
        }
        store_slopes(call->in[1], image, pixel, &sum, add);
    }
}

static void backward_offset(const ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const bool add = call->grad_use[1] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(call->shape))
    for (int r = 0; r < s.n * s.h; r++)
        if (s.c == 1)
            slope_row(call, r / s.h, r % s.h, 1, add);
        else
            slope_row(call, r / s.h, r % s.h, B, add);
}

static void backward(ir_backend *b, ir_call *call)
{
    (void)b;
    if (call->grad_use[0] != IR_GRAD_NONE)
        backward_input(call);
    if (call->inputs > 1 && call->grad_use[1] != IR_GRAD_NONE)
        backward_offset(call);
}

const ir_op_table IR_NAME(ir_cpu_deform) = {
    .prepare = prepare, .forward = forward, .backward = backward};
