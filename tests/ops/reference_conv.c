/* Convolution, transposed convolution and the fully connected layer. */
#include "reference.h"

/* The products of one weight along a row: step_y and step_x apart in y and x. */
typedef struct {
    size_t weight, y, x;
    int count, step_y, step_x;
} row;

/* Calls visit for all products of image n and of the weights for output o and input c, as they are
 * numbered in weight. */
typedef void visitor(const step *s, row r);
typedef void all_products(const step *s, visitor *visit, int n, int o, int c);

/* The k of 0 .. count-1 with 0 <= k stride + offset < width. */
typedef struct {
    int first, end;
} range;

static range inside(int count, int stride, int offset, int width)
{
    range k = {0, count};
    while (k.first < k.end && k.first * stride + offset < 0)
        k.first++;
    while (k.first < k.end && (k.end - 1) * stride + offset >= width)
        k.end--;
    return k;
}

/* ---- y[n,o,i,j] = bias[o] + sum_{c,u,v} weight[o,c,u,v] x[n,c,i*s+u*d-p,j*s+v*d-p] ------- */

static void conv2d_products(const step *s, visitor *visit, int n, int o, int c)
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape, sy = s->out->shape;
    int from = s->depthwise ? o : c;
    for (int u = 0; u < s->kernel; u++) {
        for (int v = 0; v < s->kernel; v++) {
            int down = u * s->dilation - s->pad, across = v * s->dilation - s->pad;
            range i = inside(sy.h, s->stride, down, sx.h);
            range j = inside(sy.w, s->stride, across, sx.w);
            for (int k = i.first; k < i.end; k++)
                visit(s, (row){at(sw, o, c, u, v), at(sy, n, o, k, j.first),
                               at(sx, n, from, k * s->stride + down, j.first * s->stride + across),
                               j.end - j.first, 1, s->stride});
        }
    }
}

/* ---- y[n,o,i*s+u-p,j*s+v-p] += weight[c,o,u,v] x[n,c,i,j], from y = bias[o] -------------- */

static void transposed_products(const step *s, visitor *visit, int n, int o, int c)
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape, sy = s->out->shape;
    for (int u = 0; u < s->kernel; u++) {
        for (int v = 0; v < s->kernel; v++) {
            int down = u - s->pad, across = v - s->pad;
            range i = inside(sx.h, s->stride, down, sy.h);
            range j = inside(sx.w, s->stride, across, sy.w);
            for (int k = i.first; k < i.end; k++)
                visit(s, (row){at(sw, c, o, u, v),
                               at(sy, n, o, k * s->stride + down, j.first * s->stride + across),
                               at(sx, n, c, k, j.first), j.end - j.first, s->stride, 1});
        }
    }
}

/* ---- what is summed, of either ----------------------------------------------------------- */

static void to_output(const step *s, row r)
{
    double weight = s->weight->v[r.weight];
    double *y = s->out->v + r.y, *x = s->in[0]->v + r.x;
    for (int k = 0; k < r.count; k++)
        y[k * r.step_y] += weight * x[k * r.step_x];
}

static void to_weight_gradient(const step *s, row r)
{
    double *g = s->out->g + r.y, *x = s->in[0]->v + r.x, sum = 0;
    for (int k = 0; k < r.count; k++)
        sum += g[k * r.step_y] * x[k * r.step_x];
    s->weight->g[r.weight] += sum;
}

static void to_input_gradient(const step *s, row r)
{
    double weight = s->weight->v[r.weight];
    double *g = s->out->g + r.y, *dx = s->in[0]->g + r.x;
    for (int k = 0; k < r.count; k++)
        dx[k * r.step_x] += weight * g[k * r.step_y];
}

/* y = bias[c], before the products are added */
static void bias_forward(const step *s)
{
    ir_shape sy = s->out->shape;
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < sy.c; c++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    s->out->v[at(sy, n, c, i, j)] = s->bias ? s->bias->v[c] : 0;
}

static void bias_backward(const step *s)
{
    ir_shape sy = s->out->shape;
    if (!s->bias)
        return;
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < sy.c; c++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    s->bias->g[c] += s->out->g[at(sy, n, c, i, j)];
}

/* Each loop is shared out so that no two threads add to the same number: results do not depend on
 * their count. inputs: input channels as weight numbers them, of which a depthwise one has one. */
static void forward(const step *s, all_products *products, int inputs)
{
    ir_shape sy = s->out->shape;
    bias_forward(s);
#pragma omp parallel for collapse(2)
    for (int n = 0; n < sy.n; n++)
        for (int o = 0; o < sy.c; o++)
            for (int c = 0; c < inputs; c++)
                products(s, to_output, n, o, c);
}

static void backward(const step *s, all_products *products, int inputs)
{
    ir_shape sy = s->out->shape;
    bias_backward(s);
#pragma omp parallel for collapse(2)
    for (int o = 0; o < sy.c; o++)
        for (int c = 0; c < inputs; c++)
            for (int n = 0; n < sy.n; n++)
                products(s, to_weight_gradient, n, o, c);
#pragma omp parallel for collapse(2)
    for (int n = 0; n < sy.n; n++)
        for (int c = 0; c < inputs; c++)
            for (int o = 0; o < sy.c; o++)
                products(s, to_input_gradient, n, o, c);
}

/* ---- the operations ---------------------------------------------------------------------- */

static void conv2d_forward(const step *s)
{
    forward(s, conv2d_products, s->weight->shape.c);
}

static void conv2d_backward(const step *s)
{
    backward(s, conv2d_products, s->weight->shape.c);
}

static void conv_transpose2d_forward(const step *s)
{
    forward(s, transposed_products, s->weight->shape.n);
}

static void conv_transpose2d_backward(const step *s)
{
    backward(s, transposed_products, s->weight->shape.n);
}

static step *conv_step(tape *t, const reference_op *op, tensor *x, tensor *weight, tensor *bias,
                       ir_conv c, ir_shape out)
{
    step *s = tape_step(t, op, 1, &x, out);
    s->weight = weight;
    s->bias = bias;
    s->kernel = c.kernel;
    s->stride = c.stride ? c.stride : 1;
    s->pad = c.pad;
    s->dilation = c.dilation ? c.dilation : 1;
    s->depthwise = c.depthwise;
    return s;
}

tensor *ref_conv2d(tape *t, tensor *x, tensor *weight, tensor *bias, ir_conv c)
{
    static const reference_op op = {"conv2d", conv2d_forward, conv2d_backward, NULL};
    int stride = c.stride ? c.stride : 1, dilation = c.dilation ? c.dilation : 1;
    int reach = dilation * (c.kernel - 1) + 1;
    ir_shape out = {x->shape.n, c.out, (x->shape.h + 2 * c.pad - reach) / stride + 1,
                    (x->shape.w + 2 * c.pad - reach) / stride + 1};
    return conv_step(t, &op, x, weight, bias, c, out)->out;
}

tensor *ref_conv_transpose2d(tape *t, tensor *x, tensor *weight, tensor *bias, ir_conv c)
{
    static const reference_op op = {"conv_transpose2d", conv_transpose2d_forward,
                                    conv_transpose2d_backward, NULL};
    int stride = c.stride ? c.stride : 1;
    ir_shape out = {x->shape.n, c.out, (x->shape.h - 1) * stride - 2 * c.pad + c.kernel,
                    (x->shape.w - 1) * stride - 2 * c.pad + c.kernel};
    return conv_step(t, &op, x, weight, bias, c, out)->out;
}

/* y[n,o] = bias[o] + sum_c weight[o,c] x[n,c]: a 1x1 convolution of a 1x1 plane */
tensor *ref_linear(tape *t, tensor *x, tensor *weight, tensor *bias)
{
    static const reference_op op = {"linear", conv2d_forward, conv2d_backward, NULL};
    ir_shape out = {x->shape.n, weight->shape.n, 1, 1};
    return conv_step(t, &op, x, weight, bias, (ir_conv){.kernel = 1}, out)->out;
}
