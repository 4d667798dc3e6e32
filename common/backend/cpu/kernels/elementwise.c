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

/* ---- backward: da = f g, with f = 1 or scale b; db = the same of a, summed over what b covered --
 */

/* g: the gradient taken to before the activation, by the sign of the output. */
static inline float before(const ir_node *node, size_t i, bool mul, float slope)
{
    return mul ? node->grad[i]
               : rectify_grad(slope == 1 ? 1 : node->value[i], slope, node->grad[i]);
}

static inline void backward_a(ir_node *node, part p, cover how, bool mul)
{
    const float scale = (float)node->scale, slope = slope_of(node->activation);
    const float *b = node->in[1]->value;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
    float *da = node->in[0]->grad, k[B];
    if (!mul || how == SAME) {
#pragma omp simd
        for (size_t i = p.at; i < p.at + p.floats; i++)
            da[i] = grad_of(da[i], before(node, i, mul, slope) * (mul ? scale * b[i] : 1), add);
        return;
    }
    const float *row = b + (size_t)p.image * pixels_of(node->shape) + p.pixel;
    if (how != PIXEL)
        constant_lanes(node, p, k);
    for (size_t i = 0; i < p.floats; i += B) {
        const size_t width = smaller(B, p.floats - i);
        if (how == PIXEL)
            for (size_t l = 0; l < B; l++)
                k[l] = row[i / B];
        for (size_t l = 0; l < width; l++) {
            const size_t at = p.at + i + l;
            da[at] = grad_of(da[at], node->grad[at] * scale * k[l], add);
        }
    }
}

/* g times what b was multiplied by */
static inline float term_b(const ir_node *node, size_t i, bool mul, float scale, float slope)
{
    const float g = before(node, i, mul, slope);
    return mul ? g * scale * node->in[0]->value[i] : g;
}

static inline void backward_b_same(ir_node *node, part p, bool mul)
{
    const float scale = (float)node->scale, slope = slope_of(node->activation);
    const bool add = node->grad_use[1] == IR_GRAD_ADD;
    float *db = node->in[1]->grad;
#pragma omp simd
    for (size_t i = p.at; i < p.at + p.floats; i++)
        db[i] = grad_of(db[i], term_b(node, i, mul, scale, slope), add);
}

/* One part's sums a lane. */
static inline void sum_part(const ir_node *node, part p, bool mul, double sum[B])
{
    const float scale = (float)node->scale, slope = slope_of(node->activation);
    float term[CHUNK];
    for (int l = 0; l < B; l++)
        sum[l] = 0;
    for (size_t i = 0; i < p.floats; i += CHUNK) {
        const size_t take = smaller(CHUNK, p.floats - i);
#pragma omp simd
        for (size_t k = 0; k < take; k++)
            term[k] = term_b(node, p.at + i + k, mul, scale, slope);
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
    const float scale = (float)node->scale, slope = slope_of(node->activation);
    const bool add = node->grad_use[1] == IR_GRAD_ADD;
    float *db = node->in[1]->grad + p.at;
    for (size_t pixel = 0; pixel < p.pixels; pixel++) {
        float sum[B] = {0}, total = 0;
        for (int block = 0; block < blocks(s.c); block++) {
            const size_t at =
                (size_t)(p.image * blocks(s.c) + block) * plane(s) + (p.pixel + pixel) * B;
            const int real = s.c - block * B;
#pragma omp simd
            for (int l = 0; l < B; l++)
                sum[l] += l < real ? term_b(node, at + (size_t)l, mul, scale, slope) : 0;
        }
        for (int l = 0; l < B; l++)
            total += sum[l];
        db[pixel] = grad_of(db[pixel], total, add);
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
            backward_b_same(node, p, mul);
        else if (how == PIXEL)
            backward_b_pixels(node, p, mul);
        else
            sum_part(node, p, mul, sum[i]);
    }
    if (how == CHANNEL || how == IMAGE)
        finish_sums(node, how);
}

static inline void backward(ir_node *node, bool mul)
{
    const ir_shape s = node->shape;
    const int count = parts_of(s);
    const cover how = cover_of(node);
    if (node->grad_use[0] != IR_GRAD_NONE) {
#pragma omp parallel for schedule(static) if (!is_small(s))
        for (int i = 0; i < count; i++)
            backward_a(node, part_at(s, i), how, mul);
    }
    if (node->grad_use[1] != IR_GRAD_NONE)
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
    const size_t count = volume(node->shape);
    const float *x = node->in[0]->value, factor = (float)node->scale;
    float *y = node->value;
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++)
        y[i] = factor * x[i];
}

static void scale_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const size_t count = volume(node->shape);
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
    const float *dy = node->grad, factor = (float)node->scale;
    float *dx = node->in[0]->grad;
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++)
        dx[i] = grad_of(dx[i], factor * dy[i], add);
}

const ir_op_table IR_NAME(ir_cpu_add) = {prepare, add_forward, add_backward, NULL};
const ir_op_table IR_NAME(ir_cpu_mul) = {prepare, mul_forward, mul_backward, NULL};
const ir_op_table IR_NAME(ir_cpu_scale) = {NULL, scale_forward, scale_backward, NULL};
