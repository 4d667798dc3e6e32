/* Sums of products, and multiples of one tensor.
 *
 *     y = act(sum_t scale_t full_t broadcast_t)      y = scale x
 *
 * ADD and MUL are such sums of one or two terms (ir_term); a broadcast operand may be smaller than
 * y. Forward and backward go through a tensor once, in chunks that stay in the nearest cache, and
 * compute all terms of a chunk there. */
#include <string.h>

#include "loops.h"

/* Which numbers of y each number of a broadcast operand is for. */
typedef enum {
    NOTHING, /* it is missing: 1 */
    SAME,    /* number by number */
    CHANNEL, /* (N,C,1,1): one a channel */
    PIXEL,   /* (N,1,H,W): one a pixel */
    IMAGE    /* (N,1,1,1): one an image */
} broadcast;

static broadcast broadcast_of(const ir_call *call, const ir_term *t)
{
    if (t->broadcast == IR_NO_INPUT)
        return NOTHING;
    const ir_shape a = call->shape, b = call->in[t->broadcast]->shape;
    const bool pixels = a.h == b.h && a.w == b.w;
    if (a.c == b.c)
        return pixels ? SAME : CHANNEL;
    return pixels ? PIXEL : IMAGE;
}

/* CHANNEL and IMAGE: the broadcast operand's values for the lanes of one block; where there is one
 * for all lanes, it is repeated. */
static void constant_lanes(const ir_call *other, part p, float k[B])
{
    const ir_shape s = other->shape;
    for (int l = 0; l < B; l++)
        k[l] = s.c == 1 ? other->value[p.image]
                        : other->value[(p.image * blocks(s.c) + p.block) * B + l];
}

/* ---- to = x other scale, or += ------------------------------------------------------------------
 *
 * `add` is a constant in every call that is inlined. */

static inline void times_one(float *to, const float *x, size_t floats, float scale, bool add)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        to[i] = grad_of(to[i], x[i] * scale, add);
}

static inline void times_same(float *to, const float *x, const float *other, size_t floats,
                              float scale, bool add)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        to[i] = grad_of(to[i], x[i] * scale * other[i], add);
}

static inline void times_lanes(float *to, const float *x, const float k[B], size_t floats,
                               float scale, bool add)
{
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            to[i + l] = grad_of(to[i + l], x[i + l] * scale * k[l], add);
    for (size_t l = 0; i + l < floats; l++)
        to[i + l] = grad_of(to[i + l], x[i + l] * scale * k[l], add);
}

static inline void times_pixels(float *to, const float *x, const float *row, size_t pixels,
                                float scale, bool add)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            to[p * B + l] = grad_of(to[p * B + l], x[p * B + l] * scale * row[p], add);
}

static inline void times(float *to, const float *x, const ir_call *call, const ir_term *t, part p,
                         bool add)
{
    const float scale = (float)t->scale;
    const broadcast how = broadcast_of(call, t);
    const ir_call *other = how == NOTHING ? NULL : call->in[t->broadcast];
    float k[B];
    switch (how) {
    case NOTHING:
        times_one(to, x, p.floats, scale, add);
        break;
    case SAME:
        times_same(to, x, other->value + p.at, p.floats, scale, add);
        break;
    case PIXEL:
        times_pixels(to, x, other->value + (size_t)p.image * pixels_of(call->shape) + p.pixel,
                     p.pixels, scale, add);
        break;
    case CHANNEL:
    case IMAGE:
        constant_lanes(other, p, k);
        times_lanes(to, x, k, p.floats, scale, add);
    }
}

/* The chunk p of x times the term's broadcast operand and scale, written or added to `to`. */
static void times_broadcast(float *to, const float *x, const ir_call *call, const ir_term *t,
                            part p, bool add)
{
    if (add)
        times(to, x, call, t, p, true);
    else
        times(to, x, call, t, p, false);
}

/* ---- chunks -----------------------------------------------------------------------------------*/

enum { MANY = 4 * ROW, CHUNK_FLOATS = MANY * B };

/* At most `most` pixels of a part, from its pixel `first` on. */
static part chunk_of(part p, size_t first, size_t most, int width)
{
    p.pixel += first;
    p.at += first * (size_t)width;
    p.pixels = smaller(most, p.pixels - first);
    p.floats = p.pixels * (size_t)width;
    return p;
}

/* The same pixels in a later block. */
static part in_block(part p, ir_shape s, int block)
{
    p.at += (size_t)block * plane(s);
    p.block += block;
    return p;
}

/* ---- forward ----------------------------------------------------------------------------------*/

/* The term's values in a chunk: in `workspace`, or where they lie in the input. */
static const float *term_at(float *workspace, const ir_call *call, const ir_term *t, part p)
{
    const float *x = workspace;
    if (t->full != IR_NO_INPUT)
        x = call->in[t->full]->value + p.at;
    else
        for (size_t i = 0; i < p.floats; i++)
            workspace[i] = 1;
    if (t->broadcast == IR_NO_INPUT && t->scale == 1)
        return x;
    times_broadcast(workspace, x, call, t, p, false);
    return workspace;
}

static void act_on(float *y, const float *a, size_t floats, float slope)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        y[i] = rectify(a[i], slope);
}

static void act_on_sum(float *y, const float *a, const float *b, size_t floats, float slope)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        y[i] = rectify(a[i] + b[i], slope);
}

/* y may lie where the first term's full operand does; then nothing else reads that. */
static void forward_chunk(ir_call *call, part p)
{
    const float slope = slope_of(call->activation);
    float workspace[CHUNK_FLOATS], *y = call->value + p.at;
    const float *a = term_at(y, call, &call->term[0], p);
    if (call->terms > 1)
        act_on_sum(y, a, term_at(workspace, call, &call->term[1], p), p.floats, slope);
    else if (a != y || slope != 1)
        act_on(y, a, p.floats, slope);
}

static void forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        for (size_t first = 0; first < p.pixels; first += MANY)
            forward_chunk(call, chunk_of(p, first, MANY, lanes(s.c)));
    }
}

/* ---- backward -----------------------------------------------------------------------------------
 *
 * Let g = dy times the derivative of act, which the sign of y tells. The full operand's gradient is
 * g broadcast scale. The gradient of a number of the broadcast operand is the sum of g full scale
 * over all numbers that it is multiplied with. */

/* Term k, if the gradient of its broadcast operand is wanted and of one of these kinds; or NULL. */
static const ir_term *summed(const ir_call *call, int k, broadcast how, broadcast or_how)
{
    const ir_term *t = &call->term[k];
    if (k >= call->terms || t->broadcast == IR_NO_INPUT ||
        call->grad_use[t->broadcast] == IR_GRAD_NONE)
        return NULL;
    const broadcast is = broadcast_of(call, t);
    return is == how || is == or_how ? t : NULL;
}

/* CHANNEL and IMAGE: where a part's sums lie, which does not depend on the number of threads. */
static double *sums_at(const ir_call *call, int k, part p)
{
    const ir_shape s = call->shape;
    const size_t per = (size_t)parts_of_plane(s), block = (size_t)(p.image * blocks(s.c) + p.block);
    const size_t all = (size_t)parts_of(s), at = block * per + p.pixel / PART;
    return (double *)call->scratch + ((size_t)k * all + at) * B;
}

/* Whether in[0]'s gradient is computed in place of dy; then it must come last. */
static bool in_place(const ir_call *call)
{
    return call->in[0]->grad == call->grad;
}

/* Whether it even equals dy, so that nothing is to be done. */
static bool is_done(const ir_call *call)
{
    return in_place(call) && !call->activation.on && call->term[0].broadcast == IR_NO_INPUT &&
           call->term[0].scale == 1;
}

/* g of a chunk: dy itself, or with an activation what is computed into `workspace`. */
static const float *gradient_at(float *workspace, const ir_call *call, part p)
{
    const float *dy = call->grad + p.at, *y = call->value + p.at;
    const float slope = slope_of(call->activation);
    if (!call->activation.on)
        return dy;
#pragma omp simd
    for (size_t i = 0; i < p.floats; i++)
        workspace[i] = rectify_grad(y[i], slope, dy[i]);
    return workspace;
}

/* row += a b scale over the first `real` lanes of each pixel */
static void add_products(float row[ROW * B], const float *a, const float *b, float scale,
                         size_t pixels, int real)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (int l = 0; l < B; l++)
            row[p * B + (size_t)l] +=
                l < real ? a[p * B + (size_t)l] * scale * b[p * B + (size_t)l] : 0;
}

/* Of term k's broadcast operand. row: sums over the channels so far. */
static void broadcast_grad(ir_call *call, int k, part p, const float *g, float row[ROW * B])
{
    const ir_term *t = &call->term[k];
    const float *full = t->full == IR_NO_INPUT ? NULL : call->in[t->full]->value + p.at;
    const float scale = (float)t->scale;
    const broadcast how = broadcast_of(call, t);
    float workspace[CHUNK_FLOATS], *d = call->in[t->broadcast]->grad;
    const bool add = how == SAME && call->grad_use[t->broadcast] == IR_GRAD_ADD;
    float *to = how == SAME ? d + p.at : workspace;
    if (how == PIXEL && full) {
        add_products(row, g, full, scale, p.pixels, call->shape.c - p.block * B);
        return;
    }
    if (full)
        times_same(to, g, full, p.floats, scale, add);
    else
        times_one(to, g, p.floats, scale, add);
    if (how == PIXEL)
        add_channels(row, workspace, p.pixels, call->shape.c - p.block * B);
    else if (how != SAME)
        add_lanes(workspace, p.floats, sums_at(call, k, p));
}

static void input_grad(ir_call *call, int k, part p, const float *g, float row[IR_TERMS][ROW * B])
{
    if (call->grad_use[k] == IR_GRAD_NONE)
        return;
    for (int i = 0; i < call->terms; i++) {
        const ir_term *t = &call->term[i];
        if (t->full == k)
            times_broadcast(call->in[k]->grad + p.at, g, call, t, p,
                            call->grad_use[k] == IR_GRAD_ADD);
        if (t->broadcast == k)
            broadcast_grad(call, i, p, g, row[i]);
    }
}

/* In the order of the inputs: where a value is an input twice, its first gradient is written and
 * its second added. Such a gradient is never in place of dy. */
static void backward_chunk(ir_call *call, part p, float row[IR_TERMS][ROW * B])
{
    const bool last = in_place(call);
    float workspace[CHUNK_FLOATS];
    const float *g = gradient_at(workspace, call, p);
    for (int k = last; k < call->inputs; k++)
        input_grad(call, k, p, g, row);
    if (last && !is_done(call))
        input_grad(call, 0, p, g, row);
}

/* PIXEL: after all blocks of a chunk. */
static void finish_rows(ir_call *call, part p, float row[IR_TERMS][ROW * B])
{
    float total[ROW];
    for (int k = 0; k < call->terms; k++) {
        const ir_term *t = summed(call, k, PIXEL, PIXEL);
        if (!t)
            continue;
        const bool add = call->grad_use[t->broadcast] == IR_GRAD_ADD;
        float *d =
            call->in[t->broadcast]->grad + (size_t)p.image * pixels_of(call->shape) + p.pixel;
        total_lanes(total, row[k]);
        for (size_t i = 0; i < p.pixels; i++)
            d[i] = grad_of(d[i], total[i], add);
    }
}

static bool sums_rows(const ir_call *call)
{
    return summed(call, 0, PIXEL, PIXEL) || summed(call, 1, PIXEL, PIXEL);
}

/* The pixels of p in `count` blocks, from p's on. */
static void backward_part(ir_call *call, part p, int count)
{
    const ir_shape s = call->shape;
    const bool rows = sums_rows(call);
    float row[IR_TERMS][ROW * B];
    for (int k = 0; k < call->terms; k++)
        for (int block = 0; block < count && summed(call, k, CHANNEL, IMAGE); block++)
            memset(sums_at(call, k, in_block(p, s, block)), 0, B * sizeof(double));
    for (size_t first = 0, most = rows ? ROW : MANY; first < p.pixels; first += most) {
        const part c = chunk_of(p, first, most, lanes(s.c));
        if (rows)
            memset(row, 0, sizeof row);
        for (int block = 0; block < count; block++)
            backward_chunk(call, in_block(c, s, block), row);
        if (rows)
            finish_rows(call, c, row);
    }
}

/* CHANNEL and IMAGE: the gradient from the parts' sums. */
static void finish_sums(ir_call *call, int k, const ir_term *t)
{
    const ir_shape s = call->shape;
    const bool add = call->grad_use[t->broadcast] == IR_GRAD_ADD;
    const broadcast how = broadcast_of(call, t);
    const int width = lanes(s.c);
    const double *parts = (double *)call->scratch + (size_t)k * (size_t)parts_of(s) * B;
    float *d = call->in[t->broadcast]->grad;
    for (int n = 0; n < s.n; n++) {
        double image = 0;
        for (int block = 0; block < blocks(s.c); block++) {
            const int index = n * blocks(s.c) + block;
            double sum[B];
            total_of_plane(parts, s, index, sum);
            for (int l = 0; l < width; l++) {
                const bool real = block * width + l < s.c;
                if (how == CHANNEL)
                    d[index * width + l] =
                        grad_of(d[index * width + l], real ? (float)sum[l] : 0, add);
                image += real ? sum[l] : 0;
            }
        }
        if (how == IMAGE)
            d[n] = grad_of(d[n], (float)image, add);
    }
}

/* For sums over the channels, one thread takes all blocks of its pixels. */
static void backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const int per = parts_of_plane(s), together = sums_rows(call) ? blocks(s.c) : 1;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s) / together; i++)
        backward_part(call, part_at(s, i / per * together * per + i % per), together);
    for (int k = 0; k < call->terms; k++) {
        const ir_term *t = summed(call, k, CHANNEL, IMAGE);
        if (t)
            finish_sums(call, k, t);
    }
}

static void prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    for (int k = 0; k < call->terms; k++) {
        const broadcast how = broadcast_of(call, &call->term[k]);
        if (how == CHANNEL || how == IMAGE)
            call->scratch_bytes =
                (size_t)call->terms * (size_t)parts_of(call->shape) * sizeof(double[B]);
    }
}

/* ---- scale x ----------------------------------------------------------------------------------*/

static void scale_all(float *to, const float *x, const ir_call *call, bool add)
{
    const ir_shape s = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        times_one(to + p.at, x + p.at, p.floats, (float)call->scale, add);
    }
}

static void scale_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    scale_all(call->value, call->in[0]->value, call, false);
}

static void scale_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    scale_all(call->in[0]->grad, call->grad, call, call->grad_use[0] == IR_GRAD_ADD);
}

const ir_op_table IR_NAME(ir_cpu_add) = {
    .prepare = prepare, .forward = forward, .backward = backward};
const ir_op_table IR_NAME(ir_cpu_mul) = {
    .prepare = prepare, .forward = forward, .backward = backward};
const ir_op_table IR_NAME(ir_cpu_scale) = {.forward = scale_forward, .backward = scale_backward};
