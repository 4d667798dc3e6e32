/* Maximum and mean over windows, planes and channels.
 *
 * Each output element looks at a box of the input: a k x k window of its own channel, or everything
 * along the axes that the output has lost (H and W for the global pools, C for the channel ones).
 */
#include <math.h>

#include "reference.h"

typedef struct {
    int c, c_end, i, i_end, j, j_end;
} box;

static int larger(int a, int b)
{
    return a > b ? a : b;
}
static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* The part that lies inside the input: padding never takes part. */
static box window(const step *s, int c, int i, int j)
{
    ir_shape in = s->in[0]->shape, out = s->out->shape;
    if (s->kernel) {
        int top = i * s->stride - s->pad, left = j * s->stride - s->pad;
        return (box){c,
                     c + 1,
                     larger(top, 0),
                     smaller(top + s->kernel, in.h),
                     larger(left, 0),
                     smaller(left + s->kernel, in.w)};
    }
    box all = {0, in.c, 0, in.h, 0, in.w};
    if (out.c == in.c)
        all.c = c, all.c_end = c + 1;
    if (out.h == in.h && out.w == in.w)
        all.i = i, all.i_end = i + 1, all.j = j, all.j_end = j + 1;
    return all;
}

/* visit(s, output element, image, its box) for all output elements */
static void each_output(const step *s, void (*visit)(const step *s, size_t y, int n, box b))
{
    ir_shape sy = s->out->shape;
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < sy.c; c++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    visit(s, at(sy, n, c, i, j), n, window(s, c, i, j));
}

/* ---- maximum; its gradient goes to the first of equals ----------------------------------- */

static size_t first_largest(const step *s, int n, box b)
{
    ir_shape sx = s->in[0]->shape;
    size_t best = at(sx, n, b.c, b.i, b.j);
    for (int c = b.c; c < b.c_end; c++)
        for (int i = b.i; i < b.i_end; i++)
            for (int j = b.j; j < b.j_end; j++)
                if (s->in[0]->v[at(sx, n, c, i, j)] > s->in[0]->v[best])
                    best = at(sx, n, c, i, j);
    return best;
}

static void max_one_forward(const step *s, size_t y, int n, box b)
{
    s->out->v[y] = s->in[0]->v[first_largest(s, n, b)];
}

static void max_one_backward(const step *s, size_t y, int n, box b)
{
    s->in[0]->g[first_largest(s, n, b)] += s->out->g[y];
}

static void max_forward(const step *s)
{
    each_output(s, max_one_forward);
}
static void max_backward(const step *s)
{
    each_output(s, max_one_backward);
}

/* How far below the largest the next one of the box is. Equal inputs of the whole graph are equal
 * in any arithmetic, as are the zeros behind a ReLU; other computed values may be equal in one and
 * not in another. */
static double box_margin(const step *s, int n, box b)
{
    size_t best = first_largest(s, n, b);
    bool ties_are_exact = s->in[0]->leaf || s->in[0]->v[best] == 0;
    double least = INFINITY;
    for (int c = b.c; c < b.c_end; c++) {
        for (int i = b.i; i < b.i_end; i++) {
            for (int j = b.j; j < b.j_end; j++) {
                size_t e = at(s->in[0]->shape, n, c, i, j);
                double below = s->in[0]->v[best] - s->in[0]->v[e];
                if (e != best && (below > 0 || !ties_are_exact))
                    least = fmin(least, below);
            }
        }
    }
    return least;
}

static double max_margin(const step *s)
{
    ir_shape sy = s->out->shape;
    double least = INFINITY;
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < sy.c; c++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    least = fmin(least, box_margin(s, n, window(s, c, i, j)));
    return least;
}

/* ---- mean -------------------------------------------------------------------------------- */

static double elements(box b)
{
    return (double)(b.c_end - b.c) * (b.i_end - b.i) * (b.j_end - b.j);
}

static void mean_one_forward(const step *s, size_t y, int n, box b)
{
    double sum = 0;
    for (int c = b.c; c < b.c_end; c++)
        for (int i = b.i; i < b.i_end; i++)
            for (int j = b.j; j < b.j_end; j++)
                sum += s->in[0]->v[at(s->in[0]->shape, n, c, i, j)];
    s->out->v[y] = sum / elements(b);
}

static void mean_one_backward(const step *s, size_t y, int n, box b)
{
    for (int c = b.c; c < b.c_end; c++)
        for (int i = b.i; i < b.i_end; i++)
            for (int j = b.j; j < b.j_end; j++)
                s->in[0]->g[at(s->in[0]->shape, n, c, i, j)] += s->out->g[y] / elements(b);
}

static void mean_forward(const step *s)
{
    each_output(s, mean_one_forward);
}
static void mean_backward(const step *s)
{
    each_output(s, mean_one_backward);
}

/* ---- the six operations ------------------------------------------------------------------ */

static tensor *pool(tape *t, const reference_op *op, tensor *x, int kernel, int stride, int pad)
{
    ir_shape out = {x->shape.n, x->shape.c, (x->shape.h + 2 * pad - kernel) / stride + 1,
                    (x->shape.w + 2 * pad - kernel) / stride + 1};
    step *s = tape_step(t, op, 1, &x, out);
    s->kernel = kernel;
    s->stride = stride;
    s->pad = pad;
    return s->out;
}

tensor *ref_max_pool(tape *t, tensor *x, int kernel, int stride, int pad)
{
    static const reference_op op = {"max_pool", max_forward, max_backward, max_margin};
    return pool(t, &op, x, kernel, stride, pad);
}

tensor *ref_avg_pool(tape *t, tensor *x, int kernel, int stride)
{
    static const reference_op op = {"avg_pool", mean_forward, mean_backward, NULL};
    return pool(t, &op, x, kernel, stride, 0);
}

tensor *ref_global_avg_pool(tape *t, tensor *x)
{
    static const reference_op op = {"global_avg_pool", mean_forward, mean_backward, NULL};
    return tape_step(t, &op, 1, &x, (ir_shape){x->shape.n, x->shape.c, 1, 1})->out;
}

tensor *ref_global_max_pool(tape *t, tensor *x)
{
    static const reference_op op = {"global_max_pool", max_forward, max_backward, max_margin};
    return tape_step(t, &op, 1, &x, (ir_shape){x->shape.n, x->shape.c, 1, 1})->out;
}

tensor *ref_channel_mean(tape *t, tensor *x)
{
    static const reference_op op = {"channel_mean", mean_forward, mean_backward, NULL};
    return tape_step(t, &op, 1, &x, (ir_shape){x->shape.n, 1, x->shape.h, x->shape.w})->out;
}

tensor *ref_channel_max(tape *t, tensor *x)
{
    static const reference_op op = {"channel_max", max_forward, max_backward, max_margin};
    return tape_step(t, &op, 1, &x, (ir_shape){x->shape.n, 1, x->shape.h, x->shape.w})->out;
}
