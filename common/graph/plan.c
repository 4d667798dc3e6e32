/* Planning: prune, fuse, find out who needs gradients, prepare the operations, lay out memory. */
#include <stdlib.h>

#include "graph/internal.h"

/* Losses, and what is computed from losses alone: a few numbers that a coarse storage would spoil.
 * An input may have been made exact. */
static void find_exact(ir_graph *g)
{
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        int exact = 0;
        for (int k = 0; k < node->inputs; k++)
            exact += node->in[k]->exact;
        if (exact > 0 && exact < node->inputs)
            ir_die("%s: its inputs are a loss and something else", ir_operations[node->op].name);
        if (exact > 0 && !ir_node_has(node, IR_OF_LOSSES))
            ir_die("%s: of a loss there are sums and products alone", ir_operations[node->op].name);
        node->exact |= exact > 0 || ir_node_has(node, IR_LOSS);
    }
}

/* Not to the truth that a loss compares with. */
static bool passes_gradient_to(const ir_node *node, int k)
{
    return k == 0 || !ir_node_has(node, IR_LOSS);
}

/* wants_grad: a parameter or a wanted input stands above the node, and a seeded node below it. */
static void find_gradients(ir_graph *g)
{
    if (g->mode != IR_TRAINING) {
        for (int i = 0; i < g->nodes; i++)
            g->node[i]->wants_grad = false;
        return;
    }
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        node->wants_grad |= node->weight && node->weight->trained;
        for (int k = 0; k < node->inputs; k++)
            if (passes_gradient_to(node, k))
                node->wants_grad |= node->in[k]->wants_grad;
    }
    bool *below = ir_calloc((size_t)g->nodes + 1, sizeof *below);
    for (int i = g->nodes - 1; i >= 0; i--) {
        ir_node *node = g->node[i];
        if (node->alias)
            continue;
        below[i] |= node->seeded;
        node->wants_grad &= below[i];
        for (int k = 0; k < node->inputs; k++)
            if (passes_gradient_to(node, k))
                below[node->in[k]->index] |= below[i];
    }
    free(below);
}

/* Going backward, the first to give a gradient writes it, the others add to it; a seed writes
 * first. */
static void order_gradients(ir_graph *g)
{
    bool *written = ir_calloc((size_t)g->nodes + 1, sizeof *written);
    for (int i = 0; i < g->nodes; i++)
        written[i] = g->node[i]->seeded;
    for (int i = g->nodes - 1; i >= 0; i--) {
        ir_node *node = g->node[i];
        if (node->alias || !node->wants_grad)
            continue;
        for (int k = 0; k < node->inputs; k++) {
            const ir_node *in = node->in[k];
            if (!in->wants_grad || !passes_gradient_to(node, k))
                continue;
            node->grad_use[k] = written[in->index] ? IR_GRAD_ADD : IR_GRAD_WRITE;
            written[in->index] = true;
            if (node->part && node->part[k])
                node->part[k]->grad_use[0] = node->grad_use[k];
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
        ir_params_make_room(g->params);
    ir_graph_prune(g);
    ir_graph_fuse(g);
    find_exact(g);
    find_gradients(g);
    order_gradients(g);
    ir_graph_separate_shared(g);
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_op_table *op = ir_op_of(g->backend, node);
        if (!ir_node_is_prepared(node))
            continue;
        if (!op || !op->forward)
            ir_die("%s: the %s backend has no such operation", ir_operations[node->op].name,
                   g->backend->name);
        if (node->wants_grad && !op->backward)
            ir_die("%s: backward needs its gradient, and it has none",
                   ir_operations[node->op].name);
        if (op->prepare)
            op->prepare(g->backend, node);
    }
    ir_graph_allocate(g);
    g->planned = true;
}
