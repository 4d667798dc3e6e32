/* The operations as builders: shapes checked, parameters named. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph_internal.h"

static _Noreturn void misfit(const ir_graph *g, ir_op op, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const char *scope = g->depth ? g->scope[g->depth - 1] : "the graph";
    ir_die("%s in %s: %s", ir_operations[op].name, scope, what);
}

static ir_node *new_node(ir_graph *g, ir_op op, int inputs, ir_node *const *in, ir_shape shape)
{
    if (g->planned)
        misfit(g, op, "the graph is planned already");
    if (shape.n < 1 || shape.c < 1 || shape.h < 1 || shape.w < 1)
        misfit(g, op, "no output left: %d x %d x %d x %d", shape.n, shape.c, shape.h, shape.w);
    ir_node *node = ir_calloc(1, sizeof *node);
    node->call.op = op;
    node->graph = g;
    node->call.training = g->mode != IR_DETECTION;
    node->index = g->nodes;
    node->call.shape = shape;
    node->call.inputs = inputs;
    node->call.in = ir_calloc((size_t)inputs + 1, sizeof *node->call.in);
    node->call.grad_use = ir_calloc((size_t)inputs + 1, sizeof *node->call.grad_use);
    for (int i = 0; i < inputs; i++)
        node->call.in[i] = &in[i]->call;
    if (g->nodes == g->capacity) {
        g->capacity = g->capacity ? 2 * g->capacity : 64;
        g->node = ir_realloc(g->node, (size_t)g->capacity, sizeof *g->node);
    }
    g->node[g->nodes++] = node;
    return node;
}

static ir_node *unary(ir_graph *g, ir_op op, ir_node *x, ir_shape shape)
{
    return new_node(g, op, 1, &x, shape);
}

/* NAME.PART within the current scope, made or found. */
static ir_param *param(ir_graph *g, const char *name, const char *part, int ndim, const int *dim,
                       bool trained, ir_initial start)
{
    const char *scope = g->depth ? g->scope[g->depth - 1] : "";
    char *full = ir_format("%s%s%s%s%s", scope, *scope && *name ? "." : "", name,
                           *scope || *name ? "." : "", part);
    ir_param *p = ir_params_use(g->params, full, ndim, dim, trained, start);
    free(full);
    return p;
}

ir_node *ir_input(ir_graph *g, ir_shape shape, bool wants_grad)
{
    ir_node *node = new_node(g, IR_OP_INPUT, 0, NULL, shape);
    node->kept = true;
    node->call.wants_grad = wants_grad;
    return node;
}

static void set_window(ir_node *node, ir_conv c)
{
    node->call.kernel = c.kernel;
    node->call.stride = c.stride ? c.stride : 1;
    node->call.pad = c.pad;
    node->call.dilation = c.dilation ? c.dilation : 1;
    node->call.depthwise = c.depthwise;
}

static ir_initial uniform(double bound)
{
    return (ir_initial){.kind = IR_INIT_UNIFORM, .bound = bound};
}

static ir_initial constant(double value)
{
    return (ir_initial){.kind = IR_INIT_CONSTANT, .bound = value};
}

/* PyTorch's default: weights and bias uniform within 1/sqrt(fan_in). */
static void conv_params(ir_graph *g, ir_node *node, const char *name, ir_conv c, const int dim[4])
{
    const ir_initial usual = uniform(1 / sqrt((double)dim[1] * dim[2] * dim[3]));
    ir_initial weight = usual;
    if (c.fixed)
        weight = (ir_initial){.kind = IR_INIT_VALUES, .values = c.fixed};
    else if (c.deviation > 0)
        weight = (ir_initial){.kind = IR_INIT_NORMAL, .bound = c.deviation};
    weight.balanced = c.balanced;
    node->call.weight = param(g, name, "weight", 4, dim, !c.fixed, weight);
    node->call.weight->taps = dim[2] * dim[3];
    if (c.bias)
        node->call.bias =
            param(g, name, "bias", 1, &c.out, true, c.fixed_bias ? constant(c.bias_init) : usual);
}

ir_node *ir_conv2d(ir_graph *g, ir_node *x, const char *name, ir_conv c)
{
    const ir_shape s = x->call.shape;
    const int stride = c.stride ? c.stride : 1, dilation = c.dilation ? c.dilation : 1;
    const int reach = dilation * (c.kernel - 1);
    if (c.depthwise && c.out != s.c)
        misfit(g, IR_OP_CONV2D, "depthwise with %d channels in and %d out", s.c, c.out);
    if (s.h + 2 * c.pad < reach + 1 || s.w + 2 * c.pad < reach + 1)
        misfit(g, IR_OP_CONV2D, "an input of %d x %d is smaller than the kernel", s.w, s.h);
    ir_node *node = unary(g, IR_OP_CONV2D, x,
                          (ir_shape){s.n, c.out, (s.h + 2 * c.pad - reach - 1) / stride + 1,
                                     (s.w + 2 * c.pad - reach - 1) / stride + 1});
    set_window(node, c);
    conv_params(g, node, name, c, (int[]){c.out, c.depthwise ? 1 : s.c, c.kernel, c.kernel});
    return node;
}

ir_node *ir_conv_transpose2d(ir_graph *g, ir_node *x, const char *name, ir_conv c)
{
    const ir_shape s = x->call.shape;
    const int stride = c.stride ? c.stride : 1;
    if (c.depthwise || c.dilation > 1)
        misfit(g, IR_OP_CONV_TRANSPOSE2D, "neither depthwise nor dilated is supported");
    ir_node *node = unary(g, IR_OP_CONV_TRANSPOSE2D, x,
                          (ir_shape){s.n, c.out, (s.h - 1) * stride - 2 * c.pad + c.kernel,
                                     (s.w - 1) * stride - 2 * c.pad + c.kernel});
    set_window(node, c);
    conv_params(g, node, name, c, (int[]){s.c, c.out, c.kernel, c.kernel});
    return node;
}

/* (N, C kh kw, H, W): channel c kh kw + t is what tap t sees of channel c. */
static ir_node *deform(ir_graph *g, ir_node *x, ir_node *offset, int kernel_h, int kernel_w)
{
    const ir_shape s = x->call.shape;
    const int taps = kernel_h * kernel_w;
    if (kernel_h < 1 || kernel_w < 1 || kernel_h % 2 == 0 || kernel_w % 2 == 0)
        misfit(g, IR_OP_DEFORM, "a kernel of %d x %d", kernel_w, kernel_h);
    if (offset) {
        const ir_shape t = offset->call.shape;
        if (t.n != s.n || t.c != 2 * taps || t.h != s.h || t.w != s.w)
            misfit(g, IR_OP_DEFORM, "offsets of %dx%dx%dx%d for %d taps on %dx%dx%dx%d", t.n, t.c,
                   t.h, t.w, taps, s.n, s.c, s.h, s.w);
    }
    ir_node *node = new_node(g, IR_OP_DEFORM, offset ? 2 : 1, (ir_node *[]){x, offset},
                             (ir_shape){s.n, s.c * taps, s.h, s.w});
    node->call.kernel_h = kernel_h;
    node->call.kernel_w = kernel_w;
    return node;
}

/* The columns, and a 1x1 convolution whose weights have another shape and the same order. */
ir_node *ir_deform_conv2d(ir_graph *g, ir_node *x, ir_node *offset, const char *name, ir_deform d)
{
    const ir_shape s = x->call.shape;
    ir_node *columns = deform(g, x, offset, d.kernel_h, d.kernel_w);
    ir_node *node = unary(g, IR_OP_CONV2D, columns, (ir_shape){s.n, d.out, s.h, s.w});
    set_window(node, (ir_conv){.kernel = 1});
    const ir_initial start = d.zero ? constant(0) : uniform(1 / sqrt(columns->call.shape.c));
    const int dim[] = {d.out, s.c, d.kernel_h, d.kernel_w};
    node->call.weight = param(g, name, "weight", 4, dim, true, start);
    node->call.bias = param(g, name, "bias", 1, &d.out, true, start);
    return node;
}

ir_node *ir_batchnorm(ir_graph *g, ir_node *x, const char *name, double momentum)
{
    ir_node *node = unary(g, IR_OP_BATCHNORM, x, x->call.shape);
    const int *c = &node->call.shape.c;
    node->call.momentum = g->mode == IR_MEASURING ? 1 : momentum;
    node->call.eps = 1e-5;
    node->call.weight = param(g, name, "weight", 1, c, true, constant(1));
    node->call.bias = param(g, name, "bias", 1, c, true, constant(0));
    node->call.running_mean = param(g, name, "running_mean", 1, c, false, constant(0));
    node->call.running_var = param(g, name, "running_var", 1, c, false, constant(1));
    ir_graph_adapt_node(g, node);
    return node;
}

ir_node *ir_relu(ir_graph *g, ir_node *x)
{
    return ir_leaky_relu(g, x, 0);
}

ir_node *ir_leaky_relu(ir_graph *g, ir_node *x, double slope)
{
    ir_node *node = unary(g, IR_OP_LEAKY_RELU, x, x->call.shape);
    if (slope < 0)
        misfit(g, IR_OP_LEAKY_RELU, "a negative slope");
    node->call.slope = slope;
    return node;
}

#define IR_OPERATION(...)
#define IR_POINTWISE(NAME, name, ...)                                                              \
    ir_node *ir_##name(ir_graph *g, ir_node *x)                                                    \
    {                                                                                              \
        return unary(g, IR_OP_##NAME, x, x->call.shape);                                           \
    }
#include "backend/ops.def"
#undef IR_POINTWISE
#undef IR_OPERATION

/* Or smaller. */
static bool is_as_large(ir_shape b, ir_shape a)
{
    return b.c == a.c && b.h == a.h && b.w == a.w;
}

static ir_node *binary(ir_graph *g, ir_op op, ir_node *a, ir_node *b)
{
    const ir_shape s = a->call.shape, t = b->call.shape;
    const bool channels = t.c == s.c || t.c == 1;
    const bool pixels = (t.h == s.h && t.w == s.w) || (t.h == 1 && t.w == 1);
    if (t.n != s.n || !channels || !pixels)
        misfit(g, op, "%dx%dx%dx%d does not broadcast to %dx%dx%dx%d", t.n, t.c, t.h, t.w, s.n, s.c,
               s.h, s.w);
    return new_node(g, op, 2, (ir_node *[]){a, b}, s);
}

ir_node *ir_add(ir_graph *g, ir_node *a, ir_node *b)
{
    ir_node *node = binary(g, IR_OP_ADD, a, b);
    const bool large = is_as_large(b->call.shape, a->call.shape);
    node->call.terms = 2;
    node->call.term[0] = (ir_term){0, IR_NO_INPUT, 1};
    node->call.term[1] = large ? (ir_term){1, IR_NO_INPUT, 1} : (ir_term){IR_NO_INPUT, 1, 1};
    return node;
}

ir_node *ir_mul(ir_graph *g, ir_node *a, ir_node *b, double scale)
{
    ir_node *node = binary(g, IR_OP_MUL, a, b);
    node->call.terms = 1;
    node->call.term[0] = (ir_term){0, 1, scale};
    return node;
}

ir_node *ir_scale(ir_graph *g, ir_node *x, double factor)
{
    ir_node *node = unary(g, IR_OP_SCALE, x, x->call.shape);
    node->call.scale = factor;
    return node;
}

ir_node *ir_concat(ir_graph *g, int count, ir_node *const *x)
{
    ir_shape s = x[0]->call.shape;
    for (int i = 1; i < count; i++) {
        const ir_shape t = x[i]->call.shape;
        if (t.n != s.n || t.h != s.h || t.w != s.w)
            misfit(g, IR_OP_CONCAT, "part %d is %d x %d, the first %d x %d", i, t.w, t.h, s.w, s.h);
        s.c += t.c;
    }
    return new_node(g, IR_OP_CONCAT, count, x, s);
}

ir_node *ir_slice(ir_graph *g, ir_node *x, int first, int channels)
{
    const ir_shape s = x->call.shape;
    if (first < 0 || channels < 1 || first + channels > s.c)
        misfit(g, IR_OP_SLICE, "channels %d to %d of %d", first, first + channels - 1, s.c);
    ir_node *node = unary(g, IR_OP_SLICE, x, (ir_shape){s.n, channels, s.h, s.w});
    node->call.first = first;
    return node;
}

static ir_node *pool(ir_graph *g, ir_op op, ir_node *x, int kernel, int stride, int pad)
{
    const ir_shape s = x->call.shape;
    if (2 * pad > kernel || s.h + 2 * pad < kernel || s.w + 2 * pad < kernel)
        misfit(g, op, "kernel %d, padding %d on %d x %d", kernel, pad, s.w, s.h);
    ir_node *node = unary(g, op, x,
                          (ir_shape){s.n, s.c, (s.h + 2 * pad - kernel) / stride + 1,
                                     (s.w + 2 * pad - kernel) / stride + 1});
    node->call.kernel = kernel;
    node->call.stride = stride;
    node->call.pad = pad;
    return node;
}

ir_node *ir_max_pool(ir_graph *g, ir_node *x, int kernel, int stride, int pad)
{
    return pool(g, IR_OP_MAX_POOL, x, kernel, stride, pad);
}

ir_node *ir_avg_pool(ir_graph *g, ir_node *x, int kernel, int stride)
{
    return pool(g, IR_OP_AVG_POOL, x, kernel, stride, 0);
}

ir_node *ir_global_avg_pool(ir_graph *g, ir_node *x)
{
    return unary(g, IR_OP_GLOBAL_AVG_POOL, x, (ir_shape){x->call.shape.n, x->call.shape.c, 1, 1});
}

ir_node *ir_global_max_pool(ir_graph *g, ir_node *x)
{
    return unary(g, IR_OP_GLOBAL_MAX_POOL, x, (ir_shape){x->call.shape.n, x->call.shape.c, 1, 1});
}

ir_node *ir_channel_mean(ir_graph *g, ir_node *x)
{
    return unary(g, IR_OP_CHANNEL_MEAN, x,
                 (ir_shape){x->call.shape.n, 1, x->call.shape.h, x->call.shape.w});
}

ir_node *ir_channel_max(ir_graph *g, ir_node *x)
{
    return unary(g, IR_OP_CHANNEL_MAX, x,
                 (ir_shape){x->call.shape.n, 1, x->call.shape.h, x->call.shape.w});
}

ir_node *ir_resize(ir_graph *g, ir_node *x, int h, int w, bool align_corners)
{
    ir_node *node = unary(g, IR_OP_RESIZE, x, (ir_shape){x->call.shape.n, x->call.shape.c, h, w});
    node->call.align_corners = align_corners;
    return node;
}

ir_node *ir_dropout(ir_graph *g, ir_node *x, double p)
{
    if (!(p >= 0 && p < 1))
        misfit(g, IR_OP_DROPOUT, "probability %g", p);
    if (g->mode != IR_TRAINING)
        return x;
    ir_node *node = unary(g, IR_OP_DROPOUT, x, x->call.shape);
    node->call.scale = p;
    return node;
}

ir_node *ir_linear(ir_graph *g, ir_node *x, const char *name, int out, bool zero)
{
    const ir_shape s = x->call.shape;
    if (s.h != 1 || s.w != 1)
        misfit(g, IR_OP_LINEAR, "an input of %d x %d pixels", s.w, s.h);
    ir_node *node = unary(g, IR_OP_LINEAR, x, (ir_shape){s.n, out, 1, 1});
    const ir_initial start = zero ? constant(0) : uniform(1 / sqrt(s.c));
    node->call.weight = param(g, name, "weight", 2, (int[]){out, s.c}, true, start);
    node->call.bias = param(g, name, "bias", 1, &out, true, start);
    return node;
}

ir_node *ir_log_softmax(ir_graph *g, ir_node *x)
{
    if (x->call.shape.h != 1 || x->call.shape.w != 1)
        misfit(g, IR_OP_LOG_SOFTMAX, "an input of %d x %d pixels", x->call.shape.w,
               x->call.shape.h);
    return unary(g, IR_OP_LOG_SOFTMAX, x, x->call.shape);
}

ir_node *ir_rfft2(ir_graph *g, ir_node *x)
{
    const ir_shape s = x->call.shape;
    return unary(g, IR_OP_RFFT2, x, (ir_shape){s.n, 2 * s.c, s.h, s.w / 2 + 1});
}

ir_node *ir_irfft2(ir_graph *g, ir_node *x, int w)
{
    const ir_shape s = x->call.shape;
    if (s.c % 2 || w / 2 + 1 != s.w)
        misfit(g, IR_OP_IRFFT2, "%d channels of width %d to width %d", s.c, s.w, w);
    return unary(g, IR_OP_IRFFT2, x, (ir_shape){s.n, s.c / 2, s.h, w});
}

ir_node *ir_gradient_magnitude(ir_graph *g, ir_node *x)
{
    if (x->call.shape.c != 1)
        misfit(g, IR_OP_GRADIENT_MAGNITUDE, "%d channels", x->call.shape.c);
    return unary(g, IR_OP_GRADIENT_MAGNITUDE, x, x->call.shape);
}

/* A loss of maps a against the truth y, over `group` images in a row. */
static ir_node *loss(ir_graph *g, ir_op op, ir_node *a, ir_node *y, int group)
{
    const ir_shape s = a->call.shape, t = y->call.shape;
    if (s.c != 1 || s.n != t.n || t.c != 1 || s.h != t.h || s.w != t.w)
        misfit(g, op, "maps of different shapes");
    if (group < 1 || s.n % group)
        misfit(g, op, "%d images in groups of %d", s.n, group);
    ir_node *node = new_node(g, op, 2, (ir_node *[]){a, y}, (ir_shape){s.n / group, 1, 1, 1});
    node->call.group = group;
    node->call.spans = g->losses_span;
    return node;
}

ir_node *ir_soft_iou(ir_graph *g, ir_node *p, ir_node *y, int group)
{
    return loss(g, IR_OP_SOFT_IOU, p, y, group);
}

ir_node *ir_bce(ir_graph *g, ir_node *logit, ir_node *y, int group)
{
    return loss(g, IR_OP_BCE, logit, y, group);
}
