/* Planning: a parameter that several nodes of one graph use.
 *
 * Backward overwrites a node's parameter gradients. Every use after the first therefore gets a
 * gradient array of its own, and the arrays are added up when backward is through. */
#include <stdlib.h>

#include "graph/graph_internal.h"

static bool used_before(const ir_graph *g, int index, const ir_param *param)
{
    for (int i = 0; i < index; i++) {
        const ir_node *node = g->node[i];
        if (!node->alias && node->call.wants_grad &&
            (node->call.weight == param || node->call.bias == param))
            return true;
    }
    return false;
}

static ir_param *separate(ir_graph *g, ir_param *param)
{
    ir_shared_use *use = ir_malloc(sizeof *use);
    *use = (ir_shared_use){.own = *param, .param = param, .next = g->shared};
    use->own.grad = g->backend->alloc(g->backend, param->size * sizeof(float));
    g->shared = use;
    return &use->own;
}

void ir_graph_separate_shared(ir_graph *g)
{
    for (int i = g->nodes - 1; i > 0; i--) {
        ir_node *node = g->node[i];
        if (node->alias || !node->call.wants_grad)
            continue;
        if (node->call.weight && used_before(g, i, node->call.weight))
            node->call.weight = separate(g, node->call.weight);
        if (node->call.bias && used_before(g, i, node->call.bias))
            node->call.bias = separate(g, node->call.bias);
    }
}

void ir_graph_add_shared(ir_graph *g)
{
    /* param.grad -= -1 * own.grad */
    for (ir_shared_use *use = g->shared; use; use = use->next)
        g->backend->sgd(g->backend, use->param->grad, use->own.grad, use->own.size, -1);
}

void ir_graph_free_shared(ir_graph *g)
{
    while (g->shared) {
        ir_shared_use *use = g->shared;
        g->shared = use->next;
        g->backend->free(g->backend, use->own.grad);
        free(use);
    }
}
