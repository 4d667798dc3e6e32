/* Operations on one element at a time: activations, sums and products, dropout; concat and slice.
 */
#include <math.h>

#include "base/philox.h"
#include "reference.h"

/* ---- y = x > 0 ? x : slope x; as in PyTorch the gradient at 0 is the left one ------------ */

static void leaky_relu_forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++) {
        double x = s->in[0]->v[e];
        s->out->v[e] = x > 0 ? x : s->slope * x;
    }
}

static void leaky_relu_backward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->in[0]->g[e] += s->out->g[e] * (s->in[0]->v[e] > 0 ? 1 : s->slope);
}

static double leaky_relu_margin(const step *s)
{
    double least = INFINITY;
    for (size_t e = 0; e < s->out->size; e++)
        if (s->in[0]->v[e] != 0)
            least = fmin(least, fabs(s->in[0]->v[e]));
    return least;
}

tensor *ref_leaky_relu(tape *t, tensor *x, double slope)
{
    static const reference_op op = {"leaky_relu", leaky_relu_forward, leaky_relu_backward,
                                    leaky_relu_margin};
    step *s = tape_step(t, &op, 1, &x, x->shape);
    s->slope = slope;
    return s->out;
}

/* ---- y = 1 / (1 + exp(-x)) --------------------------------------------------------------- */

static void sigmoid_forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = 1 / (1 + exp(-s->in[0]->v[e]));
}

static void sigmoid_backward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->in[0]->g[e] += s->out->g[e] * s->out->v[e] * (1 - s->out->v[e]);
}

tensor *ref_sigmoid(tape *t, tensor *x)
{
    static const reference_op op = {"sigmoid", sigmoid_forward, sigmoid_backward, NULL};
    return tape_step(t, &op, 1, &x, x->shape)->out;
}

/* ---- a + b and scale a b; b of a's shape or 1 in C, or in H and W, or in all three ------- */

/* For every element e of a: the element of b that goes with it. */
static size_t partner(const step *s, size_t e)
{
    ir_shape sa = s->in[0]->shape, sb = s->in[1]->shape;
    int j = (int)(e % (size_t)sa.w), i = (int)(e / (size_t)sa.w % (size_t)sa.h);
    int c = (int)(e / ((size_t)sa.w * (size_t)sa.h) % (size_t)sa.c);
    int n = (int)(e / ((size_t)sa.w * (size_t)sa.h * (size_t)sa.c));
    return at(sb, n, sb.c == 1 ? 0 : c, sb.h == 1 ? 0 : i, sb.w == 1 ? 0 : j);
}

static void add_forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = s->in[0]->v[e] + s->in[1]->v[partner(s, e)];
}

static void add_backward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++) {
        s->in[0]->g[e] += s->out->g[e];
        s->in[1]->g[partner(s, e)] += s->out->g[e];
    }
}

tensor *ref_add(tape *t, tensor *a, tensor *b)
{
    static const reference_op op = {"add", add_forward, add_backward, NULL};
    return tape_step(t, &op, 2, (tensor *[]){a, b}, a->shape)->out;
}

static void mul_forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = s->scale * s->in[0]->v[e] * s->in[1]->v[partner(s, e)];
}

static void mul_backward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++) {
        size_t b = partner(s, e);
        s->in[0]->g[e] += s->out->g[e] * s->scale * s->in[1]->v[b];
        s->in[1]->g[b] += s->out->g[e] * s->scale * s->in[0]->v[e];
    }
}

tensor *ref_mul(tape *t, tensor *a, tensor *b, double scale)
{
    static const reference_op op = {"mul", mul_forward, mul_backward, NULL};
    step *s = tape_step(t, &op, 2, (tensor *[]){a, b}, a->shape);
    s->scale = scale;
    return s->out;
}

/* ---- y = factor x ------------------------------------------------------------------------ */

static void scale_forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = s->scale * s->in[0]->v[e];
}

static void scale_backward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->in[0]->g[e] += s->out->g[e] * s->scale;
}

tensor *ref_scale(tape *t, tensor *x, double factor)
{
    static const reference_op op = {"scale", scale_forward, scale_backward, NULL};
    step *s = tape_step(t, &op, 1, &x, x->shape);
    s->scale = factor;
    return s->out;
}

/* ---- dropout: 0 where the element's Philox word < p 2^32, else x / (1 - p); detection: x */

static double dropout_factor(const step *s, size_t e)
{
    if (!s->training)
        return 1;
    uint32_t counter[4] = {(uint32_t)(e / 4), 0, 0, 0};
    ir_philox4x32(counter, s->key);
    return counter[e % 4] < s->scale * 4294967296.0 ? 0 : 1 / (1 - s->scale);
}

static void dropout_forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = dropout_factor(s, e) * s->in[0]->v[e];
}

static void dropout_backward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->in[0]->g[e] += dropout_factor(s, e) * s->out->g[e];
}

tensor *ref_dropout(tape *t, tensor *x, double p, const uint32_t key[2])
{
    static const reference_op op = {"dropout", dropout_forward, dropout_backward, NULL};
    step *s = tape_step(t, &op, 1, &x, x->shape);
    s->scale = p;
    s->key[0] = key[0];
    s->key[1] = key[1];
    return s->out;
}

/* ---- concat: y[:, first_k + c] = x_k[:, c]; slice: y[:, c] = x[:, first + c] ------------- */

static void concat_forward(const step *s)
{
    ir_shape sy = s->out->shape;
    for (int k = 0, first = 0; k < s->inputs; first += s->in[k++]->shape.c)
        for (int n = 0; n < sy.n; n++)
            for (int c = 0; c < s->in[k]->shape.c; c++)
                for (int i = 0; i < sy.h; i++)
                    for (int j = 0; j < sy.w; j++)
                        s->out->v[at(sy, n, first + c, i, j)] =
                            s->in[k]->v[at(s->in[k]->shape, n, c, i, j)];
}

static void concat_backward(const step *s)
{
    ir_shape sy = s->out->shape;
    for (int k = 0, first = 0; k < s->inputs; first += s->in[k++]->shape.c)
        for (int n = 0; n < sy.n; n++)
            for (int c = 0; c < s->in[k]->shape.c; c++)
                for (int i = 0; i < sy.h; i++)
                    for (int j = 0; j < sy.w; j++)
                        s->in[k]->g[at(s->in[k]->shape, n, c, i, j)] +=
                            s->out->g[at(sy, n, first + c, i, j)];
}

tensor *ref_concat(tape *t, int count, tensor *const *x)
{
    static const reference_op op = {"concat", concat_forward, concat_backward, NULL};
    ir_shape out = x[0]->shape;
    out.c = 0;
    for (int k = 0; k < count; k++)
        out.c += x[k]->shape.c;
    return tape_step(t, &op, count, x, out)->out;
}

static void slice_forward(const step *s)
{
    ir_shape sy = s->out->shape, sx = s->in[0]->shape;
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < sy.c; c++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    s->out->v[at(sy, n, c, i, j)] = s->in[0]->v[at(sx, n, s->first + c, i, j)];
}

static void slice_backward(const step *s)
{
    ir_shape sy = s->out->shape, sx = s->in[0]->shape;
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < sy.c; c++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    s->in[0]->g[at(sx, n, s->first + c, i, j)] += s->out->g[at(sy, n, c, i, j)];
}

tensor *ref_slice(tape *t, tensor *x, int first, int channels)
{
    static const reference_op op = {"slice", slice_forward, slice_backward, NULL};
    ir_shape out = {x->shape.n, channels, x->shape.h, x->shape.w};
    step *s = tape_step(t, &op, 1, &x, out);
    s->first = first;
    return s->out;
}
