/* Sum and product of two tensors, the second broadcast where it is smaller; multiples of one.
 *
 *     add:  y = act(a + b)      mul:  y = scale a b      scale:  y = scale x
 *
 * Sum and product share their loops: functions that take `mul` are inlined with it constant. */
#include "loops.h"

/* How b (in[1]) covers a (in[0]). */
typedef enum {
    SAME,    /* number by number */
    CHANNEL, /* (N,C,1,1): one a channel */
    PIXEL,   /* (N,1,H,W): one a pixel */
    IMAGE    /* (N,1,1,1): one an image */
} cover;

static cover cover_of(const ir_node *node)
{
    const ir_shape a = node->in[0]->shape, b = node->in[1]->shape;
    const bool pixels = a.h == b.h && a.w == b.w;
    if (a.c == b.c)
        return pixels ? SAME : CHANNEL;
    return pixels ? PIXEL : IMAGE;
}

/* CHANNEL and IMAGE: b's values for the lanes of one block, a plane's or an image's one repeated.
 */
static void constant_lanes(const ir_node *node, part p, float k[B])
{
    const ir_shape s = node->in[1]->shape;
    const float *b = node->in[1]->value;
    for (int l = 0; l < B; l++)
        k[l] = s.c == 1 ? b[p.image] : b[(p.image * blocks(s.c) + p.block) * B + l];
}

static inline float combine(bool mul, float scale, float a, float b)
{
    return mul ? scale * a * b : a + b;
}

static inline void forward_part(float *y, const float *a, const float *b, size_t floats, bool mul,
                                float scale, float slope)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        y[i] = rectify(combine(mul, scale, a[i], b[i]), slope);
}

static inline void forward_constant(float *y, const float *a, const float k[B], size_t floats,
                                    bool mul, float scale, float slope)
{
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            y[i + l] = rectify(combine(mul, scale, a[i + l], k[l]), slope);
    for (size_t l = 0; i + l < floats; l++)
        y[i + l] = rectify(combine(mul, scale, a[i + l], k[l]), slope);
}

static inline void forward_pixels(float *y, const float *a, const float *b, size_t pixels, bool mul,
                                  float scale, float slope)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            y[p * B + l] = rectify(combine(mul, scale, a[p * B + l], b[p]), slope);
}

static inline void forward(ir_node *node, bool mul)
{
    const ir_shape s = node->shape;
    const int count = parts_of(s);
    const cover how = cover_of(node);
    const float scale = (float)node->scale, slope = slope_of(node->activation);
    const float *a = node->in[0]->value, *b = node->in[1]->value;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        float *y = node->value + p.at, k[B];
        if (how == SAME) {
            forward_part(y, a + p.at, b + p.at, p.floats, mul, scale, slope);
        } else if (how == PIXEL) {
            const float *row = b + (size_t)p.image * pixels_of(s) + p.pixel;
            forward_pixels(y, a + p.at, row, p.pixels, mul, scale, slope);
        } else {
            constant_lanes(node, p, k);
            forward_constant(y, a + p.at, k, p.floats, mul, scale, slope);
        }
    }
}

/* ---- backward ----------------------------------------------------------------------------------
 *
 *     add:  da = g, db = sum g, g = dy times the derivative of act, known from the sign of y
 *     mul:  da = dy scale b, db = sum dy scale a
 *
 * The sums are over what one number of b covered. */

static void add_grad(float *d, const float *dy, const float *y, size_t floats, float slope,
                     bool add)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        d[i] = grad_of(d[i], rectify_grad(y[i], slope, dy[i]), add);
}

static void mul_grad(float *d, const float *dy, const float *other, size_t floats, float scale,
                     bool add)
{
#pragma omp simd
    for (size_t i = 0; i < floats; i++)
        d[i] = grad_of(d[i], dy[i] * scale * other[i], add);
}

/* The terms of an input's gradient at [at, at + floats) of the output; other: of mul, the other
 * input. */
static inline void terms(float *d, const ir_node *node, bool mul, const float *other, size_t at,
                         size_t floats, bool add)
{
    const ir_activation act = node->activation;
    const float *dy = node->grad + at;
    if (mul)
        mul_grad(d, dy, other + at, floats, (float)node->scale, add);
    else
        add_grad(d, dy, act.on ? node->value + at : dy, floats, slope_of(act), add);
}

/* da of mul where b covers many: k holds b's numbers for the lanes. */
static void mul_grad_constant(float *d, const float *dy, const float k[B], size_t floats,
                              float scale, bool add)
{
    size_t i = 0;
    for (; i + B <= floats; i += B)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            d[i + l] = grad_of(d[i + l], dy[i + l] * scale * k[l], add);
    for (size_t l = 0; i + l < floats; l++)
        d[i + l] = grad_of(d[i + l], dy[i + l] * scale * k[l], add);
}

static void mul_grad_pixels(float *d, const float *dy, const float *b, size_t pixels, float scale,
                            bool add)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (size_t l = 0; l < B; l++)
            d[p * B + l] = grad_of(d[p * B + l], dy[p * B + l] * scale * b[p], add);
}

static inline void backward_a(ir_node *node, part p, cover how, bool mul)
{
    const float scale = (float)node->scale, *b = node->in[1]->value, *dy = node->grad + p.at;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
    float *da = node->in[0]->grad + p.at, k[B];
    if (!mul && da == dy && !node->activation.on)
        return;
    if (!mul || how == SAME) {
        terms(da, node, mul, b, p.at, p.floats, add);
    } else if (how == PIXEL) {
        const float *row = b + (size_t)p.image * pixels_of(node->shape) + p.pixel;
        mul_grad_pixels(da, dy, row, p.pixels, scale, add);
    } else {
        constant_lanes(node, p, k);
        mul_grad_constant(da, dy, k, p.floats, scale, add);
    }
}

/* One part's sums a lane. */
static inline void sum_part(const ir_node *node, part p, bool mul, double sum[B])
{
    float term[CHUNK];
    for (int l = 0; l < B; l++)
        sum[l] = 0;
    for (size_t i = 0; i < p.floats; i += CHUNK) {
        const size_t take = smaller(CHUNK, p.floats - i);
        terms(term, node, mul, node->in[0]->value, p.at + i, take, false);
        add_lanes(term, take, sum);
    }
}

/* CHANNEL and IMAGE: from the parts' sums. */
static void finish_sums(ir_node *node, cover how)
{
    const ir_shape s = node->shape;
    const bool add = node->grad_use[1] == IR_GRAD_ADD;
    const int width = lanes(s.c);
    float *db = node->in[1]->grad;
    for (int n = 0; n < s.n; n++) {
        double image = 0;
        for (int block = 0; block < blocks(s.c); block++) {
            const int index = n * blocks(s.c) + block;
            double sum[B];
            total_of_plane(node->scratch, s, index, sum);
            for (int l = 0; l < width; l++) {
                const bool real = block * width + l < s.c;
                float *d = &db[index * width + l];
                if (how == CHANNEL)
                    *d = grad_of(*d, real ? (float)sum[l] : 0, add);
                image += real ? sum[l] : 0;
            }
        }
        if (how == IMAGE)
            db[n] = grad_of(db[n], (float)image, add);
    }
}

/* PIXEL: over the channels; p is a part of b, a plane. */
static inline void backward_b_pixels(ir_node *node, part p, bool mul)
{
    const ir_shape s = node->shape;
    const bool add = node->grad_use[1] == IR_GRAD_ADD;
    float *db = node->in[1]->grad + p.at;
    for (size_t pixel = 0; pixel < p.pixels; pixel += ROW) {
        const size_t take = smaller(ROW, p.pixels - pixel);
        float sum[ROW * B] = {0}, term[ROW * B], total[ROW];
        for (int block = 0; block < blocks(s.c); block++) {
            const size_t at =
                (size_t)(p.image * blocks(s.c) + block) * plane(s) + (p.pixel + pixel) * B;
            terms(term, node, mul, node->in[0]->value, at, take * B, false);
            add_channels(sum, term, take, s.c - block * B);
        }
        total_lanes(total, sum);
        for (size_t k = 0; k < take; k++)
            db[pixel + k] = grad_of(db[pixel + k], total[k], add);
    }
}

static inline void backward_b(ir_node *node, cover how, bool mul)
{
    const ir_shape s = how == PIXEL ? node->in[1]->shape : node->shape;
    const int count = parts_of(s);
    double(*sum)[B] = node->scratch;
#pragma omp parallel for schedule(static) if (!is_small(node->shape))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        if (how == SAME)
            terms(node->in[1]->grad + p.at, node, mul, node->in[0]->value, p.at, p.floats,
                  node->grad_use[1] == IR_GRAD_ADD);
        else if (how == PIXEL)
            backward_b_pixels(node, p, mul);
        else
            sum_part(node, p, mul, sum[i]);
    }
    if (how == CHANNEL || how == IMAGE)
        finish_sums(node, how);
}

/* da may be written over dy, so that it comes last; but of a sum or product of one thing with
 * itself db is added to it. */
static inline void backward(ir_node *node, bool mul)
{
    const ir_shape s = node->shape;
    const int count = parts_of(s);
    const cover how = cover_of(node);
    const bool itself = node->in[0] == node->in[1];
    if (node->grad_use[1] != IR_GRAD_NONE && !itself)
        backward_b(node, how, mul);
    if (node->grad_use[0] != IR_GRAD_NONE) {
#pragma omp parallel for schedule(static) if (!is_small(s))
        for (int i = 0; i < count; i++)
            backward_a(node, part_at(s, i), how, mul);
    }
    if (itself && node->grad_use[1] != IR_GRAD_NONE)
        backward_b(node, how, mul);
}

static void prepare(ir_backend *b, ir_node *node)
{
    (void)b;
    const cover how = cover_of(node);
    if (how == CHANNEL || how == IMAGE)
        node->scratch_bytes = (size_t)parts_of(node->shape) * sizeof(double[B]);
}

static void add_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    forward(node, false);
}

static void add_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    backward(node, false);
}

static void mul_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    forward(node, true);
}

static void mul_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    backward(node, true);
}

static void scale_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const float factor = (float)node->scale;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *x = node->in[0]->value + p.at;
        float *y = node->value + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            y[k] = factor * x[k];
    }
}

static void scale_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const float factor = (float)node->scale;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *dy = node->grad + p.at;
        float *dx = node->in[0]->grad + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            dx[k] = grad_of(dx[k], factor * dy[k], add);
    }
}

const ir_op_table IR_NAME(ir_cpu_add) = {
    .prepare = prepare, .forward = add_forward, .backward = add_backward};
const ir_op_table IR_NAME(ir_cpu_mul) = {
    .prepare = prepare, .forward = mul_forward, .backward = mul_backward};
const ir_op_table IR_NAME(ir_cpu_scale) = {.forward = scale_forward, .backward = scale_backward};
