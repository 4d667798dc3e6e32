/* Planning: prune, fuse, find out who needs gradients, prepare the operations, lay out memory. */
#include <stdlib.h>

#include "graph/graph_internal.h"

/* Losses, and what is computed from losses alone, are kept in fp32: a coarser format would spoil
 * these few numbers. An input may have been marked so before. */
static void find_fp32(ir_graph *g)
{
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        int fp32 = 0;
        for (int k = 0; k < node->call.inputs; k++)
            fp32 += node->call.in[k]->fp32;
        if (fp32 > 0 && fp32 < node->call.inputs)
            ir_die("%s: its inputs are a loss and something else",
                   ir_operations[node->call.op].name);
        if (fp32 > 0 && !ir_call_has(&node->call, IR_OF_LOSSES))
            ir_die("%s: of a loss there are sums and products alone",
                   ir_operations[node->call.op].name);
        node->call.fp32 |= fp32 > 0 || ir_call_has(&node->call, IR_LOSS);
    }
}

/* The truth that a loss compares with gets no gradient. */
static bool passes_gradient_to(const ir_node *node, int k)
{
    return k == 0 || !ir_call_has(&node->call, IR_LOSS);
}

/* A node wants a gradient when it depends on a parameter or on an input that wants one, and a
 * seeded node depends on it. */
static void find_gradients(ir_graph *g)
{
    if (g->mode != IR_TRAINING) {
        for (int i = 0; i < g->nodes; i++)
            g->node[i]->call.wants_grad = false;
        return;
    }
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        node->call.wants_grad |= node->call.weight && node->call.weight->trained;
        for (int k = 0; k < node->call.inputs; k++)
            if (passes_gradient_to(node, k))
                node->call.wants_grad |= node->call.in[k]->wants_grad;
    }
    bool *below = ir_calloc((size_t)g->nodes + 1, sizeof *below);
    for (int i = g->nodes - 1; i >= 0; i--) {
        ir_node *node = g->node[i];
        if (node->alias)
            continue;
        below[i] |= node->seeded;
        node->call.wants_grad &= below[i];
        for (int k = 0; k < node->call.inputs; k++)
            if (passes_gradient_to(node, k))
                below[ir_node_in(node, k)->index] |= below[i];
    }
    free(below);
}

/* In backward the first reader writes a value's gradient and the others add to it. A seed counts as
 * the first. */
static void order_gradients(ir_graph *g)
{
    bool *written = ir_calloc((size_t)g->nodes + 1, sizeof *written);
    for (int i = 0; i < g->nodes; i++)
        written[i] = g->node[i]->seeded;
    for (int i = g->nodes - 1; i >= 0; i--) {
        ir_node *node = g->node[i];
        if (node->alias || !node->call.wants_grad)
            continue;
        for (int k = 0; k < node->call.inputs; k++) {
            const ir_node *in = ir_node_in(node, k);
            if (!in->call.wants_grad || !passes_gradient_to(node, k))
                continue;
            node->call.grad_use[k] = written[in->index] ? IR_GRAD_ADD : IR_GRAD_WRITE;
            written[in->index] = true;
            if (node->call.part && node->call.part[k])
                node->call.part[k]->grad_use[0] = node->call.grad_use[k];
        }
    }
    free(written);
}

void ir_graph_plan(ir_graph *g)
{
    if (g->planned)
        ir_die("graph: planned twice");
    ir_params_freeze(g->params);
    if (g->mode == IR_TRAINING)
        ir_params_allocate_gradients(g->params);
    ir_graph_prune(g);
    ir_graph_fuse(g);
    find_fp32(g);
    find_gradients(g);
    order_gradients(g);
    ir_graph_separate_shared(g);
    ir_graph_plan_buckets(g);
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_op_table *op = ir_op_of(g->backend, &node->call);
        if (!ir_node_is_prepared(node))
            continue;
        node->call.batch = g->batch > 0 ? g->batch : node->call.shape.n;
        if (!op || !op->forward)
            ir_die("%s: the %s backend has no such operation", ir_operations[node->call.op].name,
                   g->backend->name);
        if (node->call.wants_grad && !op->backward)
            ir_die("%s: backward needs its gradient, and it has none",
                   ir_operations[node->call.op].name);
        if (op->prepare)
            op->prepare(g->backend, &node->call);
    }
    ir_graph_allocate(g);
    g->planned = true;
}
