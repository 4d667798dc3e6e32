/* Convolution, transposed convolution and the fully connected layer. */
#include "reference.h"

/* ---- y[n,o,i,j] = bias[o] + sum_{c,u,v} weight[o,c,u,v] x[n,c,i*s+u*d-p,j*s+v*d-p] ------- */

/* Calls visit for every product of the sum of output element (n, o, i, j). */
typedef void visitor(const step *s, size_t y, size_t weight, size_t x);

static void conv2d_products(const step *s, visitor *visit, int n, int o, int i, int j)
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape, sy = s->out->shape;
    for (int c = 0; c < sw.c; c++) {
        for (int u = 0; u < s->kernel; u++) {
            for (int v = 0; v < s->kernel; v++) {
                int row = i * s->stride + u * s->dilation - s->pad;
                int column = j * s->stride + v * s->dilation - s->pad;
                if (row < 0 || row >= sx.h || column < 0 || column >= sx.w)
                    continue;
                int from = s->depthwise ? o : c;
                visit(s, at(sy, n, o, i, j), at(sw, o, c, u, v), at(sx, n, from, row, column));
            }
        }
    }
}

static void conv2d_all_products(const step *s, visitor *visit)
{
    ir_shape sy = s->out->shape;
    for (int n = 0; n < sy.n; n++)
        for (int o = 0; o < sy.c; o++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    conv2d_products(s, visit, n, o, i, j);
}

static void forward_product(const step *s, size_t y, size_t weight, size_t x)
{
    s->out->v[y] += s->weight->v[weight] * s->in[0]->v[x];
}

static void backward_product(const step *s, size_t y, size_t weight, size_t x)
{
    s->weight->g[weight] += s->out->g[y] * s->in[0]->v[x];
    s->in[0]->g[x] += s->out->g[y] * s->weight->v[weight];
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

static void conv2d_forward(const step *s)
{
    bias_forward(s);
    conv2d_all_products(s, forward_product);
}

static void conv2d_backward(const step *s)
{
    bias_backward(s);
    conv2d_all_products(s, backward_product);
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

/* ---- y[n,o,i*s+u-p,j*s+v-p] += weight[c,o,u,v] x[n,c,i,j], from y = bias[o] -------------- */

static void transposed_products(const step *s, visitor *visit, int n, int c, int i, int j)
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape, sy = s->out->shape;
    for (int o = 0; o < sy.c; o++) {
        for (int u = 0; u < s->kernel; u++) {
            for (int v = 0; v < s->kernel; v++) {
                int row = i * s->stride + u - s->pad, column = j * s->stride + v - s->pad;
                if (row < 0 || row >= sy.h || column < 0 || column >= sy.w)
                    continue;
                visit(s, at(sy, n, o, row, column), at(sw, c, o, u, v), at(sx, n, c, i, j));
            }
        }
    }
}

static void transposed_all_products(const step *s, visitor *visit)
{
    ir_shape sx = s->in[0]->shape;
    for (int n = 0; n < sx.n; n++)
        for (int c = 0; c < sx.c; c++)
            for (int i = 0; i < sx.h; i++)
                for (int j = 0; j < sx.w; j++)
                    transposed_products(s, visit, n, c, i, j);
}

static void conv_transpose2d_forward(const step *s)
{
    bias_forward(s);
    transposed_all_products(s, forward_product);
}

static void conv_transpose2d_backward(const step *s)
{
    bias_backward(s);
    transposed_all_products(s, backward_product);
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

/* ---- y[n,o] = bias[o] + sum_c weight[o,c] x[n,c]: a 1x1 convolution of a 1x1 plane ------- */

tensor *ref_linear(tape *t, tensor *x, tensor *weight, tensor *bias)
{
    static const reference_op op = {"linear", conv2d_forward, conv2d_backward, NULL};
    ir_shape out = {x->shape.n, weight->shape.n, 1, 1};
    return conv_step(t, &op, x, weight, bias, (ir_conv){.kernel = 1}, out)->out;
}
