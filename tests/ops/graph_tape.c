/* From a graph's nodes to the steps of a tape. */
#include "graph_tape.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "graph/graph_internal.h"

/* ---- parameters -------------------------------------------------------------------------- */

static ir_shape shape_of(const ir_param *p)
{
    switch (p->ndim) {
    case 1:
        return (ir_shape){1, p->dim[0], 1, 1};
    case 2:
        return (ir_shape){p->dim[0], p->dim[1], 1, 1};
    case 4:
        return (ir_shape){p->dim[0], p->dim[1], p->dim[2], p->dim[3]};
    }
    ir_die("%s has %d dimensions", p->name, p->ndim);
}

static void read_params(graph_tape *t, ir_params *params)
{
    t->params = ir_params_count(params);
    t->param = ir_calloc(t->params, sizeof *t->param);
    for (size_t i = 0; i < t->params; i++) {
        const ir_param *p = ir_params_at(params, i);
        tensor *x = tape_tensor(&t->tape, shape_of(p));
        float *value = ir_malloc(p->size * sizeof *value);
        ir_param_get(params, p, value);
        for (size_t e = 0; e < p->size; e++)
            x->v[e] = value[e];
        free(value);
        x->leaf = true;
        t->param[i] = (graph_param){.param = p, .now = x};
    }
}

/* By name: planning gives a second use of a parameter an ir_param of its own. */
static graph_param *find(graph_tape *t, const ir_param *p)
{
    for (size_t i = 0; i < t->params; i++)
        if (strcmp(t->param[i].param->name, p->name) == 0)
            return &t->param[i];
    ir_die("the graph's parameter %s is not among the parameters", p->name);
}

static tensor *parameter(graph_tape *t, const ir_param *p)
{
    return p ? find(t, p)->now : NULL;
}

/* ---- operations -------------------------------------------------------------------------- */

static tensor *input(const graph_tape *t, const ir_node *node, int k)
{
    return t->value[ir_node_in(node, k)->index];
}

static tensor *leaf(graph_tape *t, const ir_node *node)
{
    tensor *x = tape_tensor(&t->tape, node->call.shape);
    x->leaf = true;
    return x;
}

/* A deformable convolution is two nodes, the columns and a 1x1 convolution of them; the reference
 * takes both in one step. */
static tensor *convolution(graph_tape *t, const ir_node *node)
{
    const ir_conv c = {.out = node->call.shape.c,
                       .kernel = node->call.kernel,
                       .stride = node->call.stride,
                       .pad = node->call.pad,
                       .dilation = node->call.dilation,
                       .depthwise = node->call.depthwise};
    tensor *weight = parameter(t, node->call.weight), *bias = parameter(t, node->call.bias);
    const ir_node *in = ir_node_in(node, 0);
    if (node->call.op == IR_OP_CONV_TRANSPOSE2D)
        return ref_conv_transpose2d(&t->tape, input(t, node, 0), weight, bias, c);
    if (in->call.op == IR_OP_DEFORM)
        return ref_deform_conv2d(&t->tape, input(t, in, 0),
                                 in->call.inputs > 1 ? input(t, in, 1) : NULL, weight, bias);
    return ref_conv2d(&t->tape, input(t, node, 0), weight, bias, c);
}

static void set_next(graph_tape *t, const ir_param *statistic, tensor *next)
{
    graph_param *p = find(t, statistic);
    if (p->next)
        ir_die("%s: two batch norms have it", statistic->name);
    p->next = next;
}

static tensor *batchnorm(graph_tape *t, const ir_node *node)
{
    tensor *y = ref_batchnorm(&t->tape, input(t, node, 0), parameter(t, node->call.weight),
                              parameter(t, node->call.bias), parameter(t, node->call.running_mean),
                              parameter(t, node->call.running_var), node->call.momentum);
    const step *s = t->tape.step[t->tape.steps - 1];
    set_next(t, node->call.running_mean, s->next_mean);
    set_next(t, node->call.running_var, s->next_var);
    return y;
}

static tensor *dropout(graph_tape *t, const ir_node *node)
{
    uint32_t key[2];
    ir_node_dropout_key(node, key);
    return ref_dropout(&t->tape, input(t, node, 0), node->call.scale, key);
}

static tensor *concat(graph_tape *t, const ir_node *node)
{
    tensor **x = ir_calloc((size_t)node->call.inputs, sizeof(tensor *));
    for (int k = 0; k < node->call.inputs; k++) {
        const ir_call *part = node->call.part[k];
        x[k] = input(t, node, k);
        if (part)
            x[k] = ref_resize(&t->tape, x[k], part->shape.h, part->shape.w, part->align_corners);
    }
    tensor *y = ref_concat(&t->tape, node->call.inputs, x);
    free(x);
    return y;
}

/* scale full broadcast; a broadcast alone is scaled by 1 */
static tensor *term(graph_tape *t, const ir_node *node, const ir_term *x)
{
    if (x->full == IR_NO_INPUT)
        return input(t, node, x->broadcast);
    tensor *full = input(t, node, x->full);
    if (x->broadcast != IR_NO_INPUT)
        return ref_mul(&t->tape, full, input(t, node, x->broadcast), x->scale);
    return x->scale == 1 ? full : ref_scale(&t->tape, full, x->scale);
}

static tensor *sum(graph_tape *t, const ir_node *node)
{
    tensor *first = term(t, node, &node->call.term[0]);
    return node->call.terms == 1 ? first
                                 : ref_add(&t->tape, first, term(t, node, &node->call.term[1]));
}

static tensor *operation(graph_tape *t, const ir_node *node)
{
    tape *tp = &t->tape;
    const ir_shape s = node->call.shape;
    switch (node->call.op) {
    case IR_OP_INPUT:
        return leaf(t, node);
    case IR_OP_CONV2D:
    case IR_OP_CONV_TRANSPOSE2D:
        return convolution(t, node);
    case IR_OP_BATCHNORM:
        return batchnorm(t, node);
    case IR_OP_LEAKY_RELU:
        return ref_leaky_relu(tp, input(t, node, 0), node->call.slope);
#define IR_OPERATION(...)
#define IR_UNARY(NAME, name, ...)                                                                  \
    case IR_OP_##NAME:                                                                             \
        return ref_##name(tp, input(t, node, 0));
#include "backend/ops.def"
    case IR_OP_ADD:
    case IR_OP_MUL:
        return sum(t, node);
    case IR_OP_SCALE:
        return ref_scale(tp, input(t, node, 0), node->call.scale);
    case IR_OP_CONCAT:
        return concat(t, node);
    case IR_OP_SLICE:
        return ref_slice(tp, input(t, node, 0), node->call.first, s.c);
    case IR_OP_MAX_POOL:
        return ref_max_pool(tp, input(t, node, 0), node->call.kernel, node->call.stride,
                            node->call.pad);
    case IR_OP_AVG_POOL:
        return ref_avg_pool(tp, input(t, node, 0), node->call.kernel, node->call.stride);
    case IR_OP_RESIZE:
        return ref_resize(tp, input(t, node, 0), s.h, s.w, node->call.align_corners);
    case IR_OP_DROPOUT:
        return dropout(t, node);
    case IR_OP_LINEAR:
        return ref_linear(tp, input(t, node, 0), parameter(t, node->call.weight),
                          parameter(t, node->call.bias));
    case IR_OP_IRFFT2:
        return ref_irfft2(tp, input(t, node, 0), s.w);
    case IR_OP_SOFT_IOU:
        return ref_soft_iou(tp, input(t, node, 0), input(t, node, 1), node->call.group);
    case IR_OP_BCE:
        return ref_bce(tp, input(t, node, 0), input(t, node, 1), node->call.group);
    case IR_OP_DEFORM: /* a part of the convolution that reads it */
    case IR_OP_COUNT:
        break;
    }
    return NULL;
}

/* ---- the graph --------------------------------------------------------------------------- */

/* A fused node's work is done where its input is made: whoever reads that input gets this value
 * instead, and nobody may have read it before. */
static void fuse(graph_tape *t, const ir_node *node)
{
    const tensor *before = input(t, node, 0);
    int readers = 0;
    for (int i = 0; i < t->tape.steps; i++)
        for (int k = 0; k < t->tape.step[i]->inputs; k++)
            readers += t->tape.step[i]->in[k] == before;
    if (readers != 1)
        ir_die("%s is fused with a value that %d operations read",
               ir_operations[node->call.op].name, readers);
    t->value[node->alias->index] = t->value[node->index];
}

void graph_tape_start(graph_tape *t, const ir_graph *g)
{
    *t = (graph_tape){.graph = g};
    t->tape.training = ir_graph_mode(g) == IR_TRAINING;
    read_params(t, g->params);
    t->value = ir_calloc((size_t)g->nodes, sizeof(tensor *));
    for (int i = 0; i < g->nodes; i++) {
        const ir_node *node = g->node[i];
        if (node->alias && node->alias->index > i) /* a part of what reads it */
            continue;
        t->value[i] = operation(t, node);
        if (node->alias)
            fuse(t, node);
    }
}

void graph_tape_free(graph_tape *t)
{
    tape_free(&t->tape);
    free(t->value);
    free(t->param);
}

tensor *graph_tape_value(const graph_tape *t, const ir_node *node)
{
    return t->value[node->index];
}
