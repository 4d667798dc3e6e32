/* Every operation twice: on the graph, where there is one, and on the tape. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "reference.h"
#include "reftest.h"

/* ---- inputs, parameters, outputs --------------------------------------------------------- */

static leaf *new_leaf(reftest *t, ir_shape shape, filling fill)
{
    if (t->leaves == REFTEST_MAX_LEAVES)
        ir_die("a reference test has at most %d inputs and parameters", REFTEST_MAX_LEAVES);
    leaf *l = &t->leaf[t->leaves++];
    l->ref = tape_tensor(&t->tape, shape);
    l->ref->leaf = true;
    l->fill = fill;
    l->first = ir_calloc(l->ref->size, sizeof *l->first);
    return l;
}

/* NAME.PART; the same tensor when it was asked for before. */
static tensor *parameter(reftest *t, const char *name, const char *part, ir_shape shape,
                         filling fill, bool trained)
{
    char full[sizeof t->leaf->name];
    snprintf(full, sizeof full, "%s.%s", name, part);
    for (int i = 0; i < t->leaves; i++)
        if (strcmp(t->leaf[i].name, full) == 0)
            return t->leaf[i].ref;
    leaf *l = new_leaf(t, shape, fill);
    memcpy(l->name, full, sizeof full);
    l->trained = trained;
    return l->ref;
}

static ir_shape per_channel(int channels)
{
    return (ir_shape){1, channels, 1, 1};
}

static outlet *outlet_of(reftest *t, value v)
{
    for (int i = 0; i < t->outlets; i++)
        if (t->outlet[i].value.ref == v.ref)
            return &t->outlet[i];
    if (t->outlets == REFTEST_MAX_OUTLETS)
        ir_die("a reference test has at most %d outputs", REFTEST_MAX_OUTLETS);
    t->outlet[t->outlets] = (outlet){.value = v};
    return &t->outlet[t->outlets++];
}

void reftest_keep(reftest *t, value v)
{
    outlet_of(t, v)->kept = true;
    if (t->graph)
        ir_graph_keep(t->graph, v.node);
}

void reftest_seed_only(reftest *t, value v)
{
    if (t->setup.mode == IR_DETECTION)
        return;
    outlet *o = outlet_of(t, v);
    o->seeded = true;
    o->seed = ir_calloc(v.ref->size, sizeof *o->seed);
    if (t->graph)
        ir_graph_start_backward_at(t->graph, v.node);
}

void reftest_seed(reftest *t, value v)
{
    reftest_keep(t, v);
    reftest_seed_only(t, v);
}

/* ---- operations -------------------------------------------------------------------------- */

/* "WORD 2x8x9x9" behind what text holds already. */
static void append_shape(char *text, size_t size, const char *word, ir_shape s)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s %dx%dx%dx%d", word, s.n, s.c, s.h, s.w);
}

/* Checks the graph's idea of the shape and appends "conv2d 2x8x9x9 -> 2x8x5x5 k3 s2; " to t->text.
 */
static value both(reftest *t, ir_node *node, tensor *ref, const char *format, ...)
{
    const step *s = t->tape.step[t->tape.steps - 1];
    char line[256], detail[64];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);

    snprintf(line, sizeof line, "%s", s->op->name);
    for (int i = 0; i < s->inputs; i++)
        append_shape(line, sizeof line, "", s->in[i]->shape);
    append_shape(line, sizeof line, " ->", ref->shape);
    size_t used = strlen(t->text);
    snprintf(t->text + used, sizeof t->text - used, "%s%s; ", line, detail);
    if (node) {
        ir_shape got = ir_node_shape(node), want = ref->shape;
        if (got.n != want.n || got.c != want.c || got.h != want.h || got.w != want.w)
            ir_die("%s: the graph makes it %dx%dx%dx%d", t->text, got.n, got.c, got.h, got.w);
    }
    return (value){node, ref};
}

value reftest_input(reftest *t, ir_shape shape, filling fill, bool wants_grad)
{
    leaf *l = new_leaf(t, shape, fill);
    l->wants_grad = wants_grad;
    if (t->graph)
        l->node = ir_input(t->graph, shape, wants_grad && t->setup.mode == IR_TRAINING);
    return (value){l->node, l->ref};
}

value reftest_conv2d(reftest *t, value x, const char *name, ir_conv c)
{
    ir_shape shape = {c.out, c.depthwise ? 1 : x.ref->shape.c, c.kernel, c.kernel};
    tensor *weight = parameter(t, name, "weight", shape, FILL_WEIGHT, true);
    tensor *bias =
        c.bias ? parameter(t, name, "bias", per_channel(c.out), FILL_NORMAL, true) : NULL;
    ir_node *node = t->graph ? ir_conv2d(t->graph, x.node, name, c) : NULL;
    return both(t, node, ref_conv2d(&t->tape, x.ref, weight, bias, c), " k%d s%d p%d d%d%s%s",
                c.kernel, c.stride, c.pad, c.dilation, c.depthwise ? " depthwise" : "",
                c.bias ? " bias" : "");
}

value reftest_deform_conv2d(reftest *t, value x, const value *offset, const char *name, ir_deform d)
{
    ir_shape shape = {d.out, x.ref->shape.c, d.kernel_h, d.kernel_w};
    tensor *weight = parameter(t, name, "weight", shape, FILL_WEIGHT, true);
    tensor *bias = parameter(t, name, "bias", per_channel(d.out), FILL_NORMAL, true);
    ir_node *node =
        t->graph ? ir_deform_conv2d(t->graph, x.node, offset ? offset->node : NULL, name, d) : NULL;
    tensor *ref = ref_deform_conv2d(&t->tape, x.ref, offset ? offset->ref : NULL, weight, bias);
    return both(t, node, ref, " k%dx%d", d.kernel_h, d.kernel_w);
}

value reftest_conv_transpose2d(reftest *t, value x, const char *name, ir_conv c)
{
    ir_shape shape = {x.ref->shape.c, c.out, c.kernel, c.kernel};
    tensor *weight = parameter(t, name, "weight", shape, FILL_WEIGHT, true);
    tensor *bias =
        c.bias ? parameter(t, name, "bias", per_channel(c.out), FILL_NORMAL, true) : NULL;
    ir_node *node = t->graph ? ir_conv_transpose2d(t->graph, x.node, name, c) : NULL;
    return both(t, node, ref_conv_transpose2d(&t->tape, x.ref, weight, bias, c), " k%d s%d p%d%s",
                c.kernel, c.stride, c.pad, c.bias ? " bias" : "");
}

value reftest_batchnorm(reftest *t, value x, const char *name, double momentum)
{
    ir_shape shape = per_channel(x.ref->shape.c);
    tensor *weight = parameter(t, name, "weight", shape, FILL_GAMMA, true);
    tensor *bias = parameter(t, name, "bias", shape, FILL_NORMAL, true);
    tensor *mean = parameter(t, name, "running_mean", shape, FILL_NORMAL, false);
    tensor *var = parameter(t, name, "running_var", shape, FILL_POSITIVE, false);
    ir_node *node = t->graph ? ir_batchnorm(t->graph, x.node, name, momentum) : NULL;
    return both(t, node, ref_batchnorm(&t->tape, x.ref, weight, bias, mean, var, momentum), " m%g",
                momentum);
}

value reftest_leaky_relu(reftest *t, value x, double slope)
{
    ir_node *node = t->graph ? ir_leaky_relu(t->graph, x.node, slope) : NULL;
    return both(t, node, ref_leaky_relu(&t->tape, x.ref, slope), " %g", slope);
}

value reftest_relu(reftest *t, value x)
{
    ir_node *node = t->graph ? ir_relu(t->graph, x.node) : NULL;
    return both(t, node, ref_leaky_relu(&t->tape, x.ref, 0), " 0");
}

#define IR_OPERATION(...)
#define IR_UNARY(NAME, name, ...)                                                                  \
    value reftest_##name(reftest *t, value x)                                                      \
    {                                                                                              \
        ir_node *node = t->graph ? ir_##name(t->graph, x.node) : NULL;                             \
        return both(t, node, ref_##name(&t->tape, x.ref), "");                                     \
    }
#include "backend/ops.def"

value reftest_add(reftest *t, value a, value b)
{
    ir_node *node = t->graph ? ir_add(t->graph, a.node, b.node) : NULL;
    return both(t, node, ref_add(&t->tape, a.ref, b.ref), "");
}

value reftest_mul(reftest *t, value a, value b, double scale)
{
    ir_node *node = t->graph ? ir_mul(t->graph, a.node, b.node, scale) : NULL;
    return both(t, node, ref_mul(&t->tape, a.ref, b.ref, scale), " %g", scale);
}

value reftest_scale(reftest *t, value x, double factor)
{
    ir_node *node = t->graph ? ir_scale(t->graph, x.node, factor) : NULL;
    return both(t, node, ref_scale(&t->tape, x.ref, factor), " %g", factor);
}

value reftest_concat(reftest *t, int count, const value *x)
{
    ir_node *nodes[REFTEST_MAX_PARTS];
    tensor *refs[REFTEST_MAX_PARTS];
    if (count > REFTEST_MAX_PARTS)
        ir_die("a reference test's concat has at most %d parts", REFTEST_MAX_PARTS);
    for (int i = 0; i < count; i++) {
        nodes[i] = x[i].node;
        refs[i] = x[i].ref;
    }
    ir_node *node = t->graph ? ir_concat(t->graph, count, nodes) : NULL;
    return both(t, node, ref_concat(&t->tape, count, refs), "");
}

value reftest_slice(reftest *t, value x, int first, int channels)
{
    ir_node *node = t->graph ? ir_slice(t->graph, x.node, first, channels) : NULL;
    return both(t, node, ref_slice(&t->tape, x.ref, first, channels), " from %d", first);
}

value reftest_max_pool(reftest *t, value x, int kernel, int stride, int pad)
{
    ir_node *node = t->graph ? ir_max_pool(t->graph, x.node, kernel, stride, pad) : NULL;
    return both(t, node, ref_max_pool(&t->tape, x.ref, kernel, stride, pad), " k%d s%d p%d", kernel,
                stride, pad);
}

value reftest_avg_pool(reftest *t, value x, int kernel, int stride)
{
    ir_node *node = t->graph ? ir_avg_pool(t->graph, x.node, kernel, stride) : NULL;
    return both(t, node, ref_avg_pool(&t->tape, x.ref, kernel, stride), " k%d s%d", kernel, stride);
}

value reftest_resize(reftest *t, value x, int h, int w, bool align_corners)
{
    ir_node *node = t->graph ? ir_resize(t->graph, x.node, h, w, align_corners) : NULL;
    return both(t, node, ref_resize(&t->tape, x.ref, h, w, align_corners), "%s",
                align_corners ? " align_corners" : "");
}

/* reftest_plan() replaces the key by the node's, which depends on the step. */
value reftest_dropout(reftest *t, value x, double p)
{
    uint32_t key[2] = {ir_rng_u32(&t->rng), ir_rng_u32(&t->rng)};
    ir_node *node = t->graph ? ir_dropout(t->graph, x.node, p) : NULL;
    tensor *ref = ref_dropout(&t->tape, x.ref, p, key);
    if (node && t->setup.mode == IR_TRAINING) {
        if (t->dropouts == REFTEST_MAX_DROPOUTS)
            ir_die("a reference test has at most %d dropouts", REFTEST_MAX_DROPOUTS);
        t->dropout[t->dropouts].step = t->tape.step[t->tape.steps - 1];
        t->dropout[t->dropouts++].node = node;
    }
    return both(t, node, ref, " %g", p);
}

value reftest_linear(reftest *t, value x, const char *name, int out)
{
    ir_shape shape = {out, x.ref->shape.c, 1, 1};
    tensor *weight = parameter(t, name, "weight", shape, FILL_WEIGHT, true);
    tensor *bias = parameter(t, name, "bias", per_channel(out), FILL_NORMAL, true);
    ir_node *node = t->graph ? ir_linear(t->graph, x.node, name, out, false) : NULL;
    return both(t, node, ref_linear(&t->tape, x.ref, weight, bias), "");
}

value reftest_soft_iou(reftest *t, value p, value y, int group)
{
    ir_node *node = t->graph ? ir_soft_iou(t->graph, p.node, y.node, group) : NULL;
    return both(t, node, ref_soft_iou(&t->tape, p.ref, y.ref, group), " group %d", group);
}

value reftest_bce(reftest *t, value z, value y, int group)
{
    ir_node *node = t->graph ? ir_bce(t->graph, z.node, y.node, group) : NULL;
    return both(t, node, ref_bce(&t->tape, z.ref, y.ref, group), " group %d", group);
}

value reftest_irfft2(reftest *t, value x, int w)
{
    ir_node *node = t->graph ? ir_irfft2(t->graph, x.node, w) : NULL;
    return both(t, node, ref_irfft2(&t->tape, x.ref, w), "");
}
