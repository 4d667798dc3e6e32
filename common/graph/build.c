/* The operations as builders: attributes set, shapes checked, parameters named. */
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

/* Checks the call, which has its attributes and inputs, and completes its shape. */
static void set_shape(const ir_graph *g, ir_call *call)
{
    char wrong[IR_MISFIT] = "";
    const ir_shape s = ir_call_shape(call, wrong);
    if (*wrong)
        misfit(g, call->op, "%s", wrong);
    if (s.n < 1 || s.c < 1 || s.h < 1 || s.w < 1)
        misfit(g, call->op, "no output left: %d x %d x %d x %d", s.n, s.c, s.h, s.w);
    call->shape = s;
}

/* A node of the operation and attributes in said; said.shape is what the network asks for, where
 * the operation's shape function reads that (operation.h). */
static ir_node *new_node(ir_graph *g, ir_call said, int inputs, ir_node *const *in)
{
    if (g->planned)
        misfit(g, said.op, "the graph is planned already");
    ir_node *node = ir_calloc(1, sizeof *node);
    node->graph = g;
    node->index = g->nodes;
    node->call = said;
    node->call.training = g->mode != IR_DETECTION;
    node->call.inputs = inputs;
    node->call.in = ir_calloc((size_t)inputs + 1, sizeof *node->call.in);
    node->call.grad_use = ir_calloc((size_t)inputs + 1, sizeof *node->call.grad_use);
    for (int i = 0; i < inputs; i++)
        node->call.in[i] = &in[i]->call;
    set_shape(g, &node->call);
    if (g->nodes == g->capacity) {
        g->capacity = g->capacity ? 2 * g->capacity : 64;
        g->node = ir_realloc(g->node, (size_t)g->capacity, sizeof *g->node);
    }
    g->node[g->nodes++] = node;
    return node;
}

static ir_node *unary(ir_graph *g, ir_call said, ir_node *x)
{
    return new_node(g, said, 1, &x);
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
    ir_node *node = new_node(
        g, (ir_call){.op = IR_OP_INPUT, .shape = shape, .wants_grad = wants_grad}, 0, NULL);
    node->kept = true;
    return node;
}

#define IR_OPERATION(...)
#define IR_UNARY(NAME, name, ...)                                                                  \
    ir_node *ir_##name(ir_graph *g, ir_node *x)                                                    \
    {                                                                                              \
        return unary(g, (ir_call){.op = IR_OP_##NAME}, x);                                         \
    }
#include "backend/ops.def"

/* ---- products of weights --------------------------------------------------------------------- */

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

static ir_call windowed(ir_op op, ir_conv c)
{
    return (ir_call){.op = op,
                     .shape.c = c.out,
                     .kernel = c.kernel,
                     .stride = c.stride ? c.stride : 1,
                     .pad = c.pad,
                     .dilation = c.dilation ? c.dilation : 1,
                     .depthwise = c.depthwise};
}

ir_node *ir_conv2d(ir_graph *g, ir_node *x, const char *name, ir_conv c)
{
    ir_node *node = unary(g, windowed(IR_OP_CONV2D, c), x);
    const int in = c.depthwise ? 1 : x->call.shape.c;
    conv_params(g, node, name, c, (int[]){c.out, in, c.kernel, c.kernel});
    return node;
}

ir_node *ir_conv_transpose2d(ir_graph *g, ir_node *x, const char *name, ir_conv c)
{
    ir_node *node = unary(g, windowed(IR_OP_CONV_TRANSPOSE2D, c), x);
    conv_params(g, node, name, c, (int[]){x->call.shape.c, c.out, c.kernel, c.kernel});
    return node;
}

/* The columns, and a 1x1 convolution whose weights have another shape and the same order. */
ir_node *ir_deform_conv2d(ir_graph *g, ir_node *x, ir_node *offset, const char *name, ir_deform d)
{
    ir_node *columns =
        new_node(g, (ir_call){.op = IR_OP_DEFORM, .kernel_h = d.kernel_h, .kernel_w = d.kernel_w},
                 offset ? 2 : 1, (ir_node *[]){x, offset});
    ir_node *node = unary(g, windowed(IR_OP_CONV2D, (ir_conv){.out = d.out, .kernel = 1}), columns);
    const ir_initial start = d.zero ? constant(0) : uniform(1 / sqrt(columns->call.shape.c));
    const int dim[] = {d.out, x->call.shape.c, d.kernel_h, d.kernel_w};
    node->call.weight = param(g, name, "weight", 4, dim, true, start);
    node->call.bias = param(g, name, "bias", 1, &d.out, true, start);
    return node;
}

ir_node *ir_linear(ir_graph *g, ir_node *x, const char *name, int out, bool zero)
{
    ir_node *node = unary(g, (ir_call){.op = IR_OP_LINEAR, .shape.c = out}, x);
    const int in = x->call.shape.c;
    const ir_initial start = zero ? constant(0) : uniform(1 / sqrt(in));
    node->call.weight = param(g, name, "weight", 2, (int[]){out, in}, true, start);
    node->call.bias = param(g, name, "bias", 1, &out, true, start);
    return node;
}

/* ---- element by element ---------------------------------------------------------------------- */

ir_node *ir_batchnorm(ir_graph *g, ir_node *x, const char *name, double momentum)
{
    ir_node *node = unary(g,
                          (ir_call){.op = IR_OP_BATCHNORM,
                                    .momentum = g->mode == IR_MEASURING ? 1 : momentum,
                                    .eps = 1e-5},
                          x);
    const int *c = &node->call.shape.c;
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
    if (slope < 0)
        misfit(g, IR_OP_LEAKY_RELU, "a negative slope");
    return unary(g, (ir_call){.op = IR_OP_LEAKY_RELU, .slope = slope}, x);
}

/* Or smaller. */
static bool is_as_large(ir_shape b, ir_shape a)
{
    return b.c == a.c && b.h == a.h && b.w == a.w;
}

ir_node *ir_add(ir_graph *g, ir_node *a, ir_node *b)
{
    const bool large = is_as_large(b->call.shape, a->call.shape);
    const ir_call said = {
        .op = IR_OP_ADD,
        .terms = 2,
        .term = {{0, IR_NO_INPUT, 1},
                 large ? (ir_term){1, IR_NO_INPUT, 1} : (ir_term){IR_NO_INPUT, 1, 1}}};
    return new_node(g, said, 2, (ir_node *[]){a, b});
}

ir_node *ir_mul(ir_graph *g, ir_node *a, ir_node *b, double scale)
{
    const ir_call said = {.op = IR_OP_MUL, .terms = 1, .term = {{0, 1, scale}}};
    return new_node(g, said, 2, (ir_node *[]){a, b});
}

ir_node *ir_scale(ir_graph *g, ir_node *x, double factor)
{
    return unary(g, (ir_call){.op = IR_OP_SCALE, .scale = factor}, x);
}

ir_node *ir_dropout(ir_graph *g, ir_node *x, double p)
{
    if (!(p >= 0 && p < 1))
        misfit(g, IR_OP_DROPOUT, "probability %g", p);
    if (g->mode != IR_TRAINING)
        return x;
    return unary(g, (ir_call){.op = IR_OP_DROPOUT, .scale = p}, x);
}

/* ---- channels and pixels --------------------------------------------------------------------- */

ir_node *ir_concat(ir_graph *g, int count, ir_node *const *x)
{
    return new_node(g, (ir_call){.op = IR_OP_CONCAT}, count, x);
}

ir_node *ir_slice(ir_graph *g, ir_node *x, int first, int channels)
{
    return unary(g, (ir_call){.op = IR_OP_SLICE, .first = first, .shape.c = channels}, x);
}

ir_node *ir_max_pool(ir_graph *g, ir_node *x, int kernel, int stride, int pad)
{
    const ir_call said = {.op = IR_OP_MAX_POOL, .kernel = kernel, .stride = stride, .pad = pad};
    return unary(g, said, x);
}

ir_node *ir_avg_pool(ir_graph *g, ir_node *x, int kernel, int stride)
{
    return unary(g, (ir_call){.op = IR_OP_AVG_POOL, .kernel = kernel, .stride = stride}, x);
}

ir_node *ir_resize(ir_graph *g, ir_node *x, int h, int w, bool align_corners)
{
    const ir_call said = {
        .op = IR_OP_RESIZE, .shape = {.h = h, .w = w}, .align_corners = align_corners};
    return unary(g, said, x);
}

ir_node *ir_irfft2(ir_graph *g, ir_node *x, int w)
{
    return unary(g, (ir_call){.op = IR_OP_IRFFT2, .shape.w = w}, x);
}

/* ---- losses ---------------------------------------------------------------------------------- */

static ir_node *loss(ir_graph *g, ir_op op, ir_node *a, ir_node *y, int group)
{
    const ir_call said = {.op = op, .group = group, .spans = g->losses_span};
    return new_node(g, said, 2, (ir_node *[]){a, y});
}

ir_node *ir_soft_iou(ir_graph *g, ir_node *p, ir_node *y, int group)
{
    return loss(g, IR_OP_SOFT_IOU, p, y, group);
}

ir_node *ir_bce(ir_graph *g, ir_node *logit, ir_node *y, int group)
{
    return loss(g, IR_OP_BCE, logit, y, group);
}
