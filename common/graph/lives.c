/* Planning: from when to when each value and gradient is wanted, and which values are not kept for
 * backward but computed again.
 *
 * Those are the outputs of batch norms, products, concatenations, slices, resizings, scalings and
 * Fourier transforms: little work beside a convolution, from inputs that backward reads anyway or
 * that take less room. */
#include "graph/internal.h"

ir_backward_needs ir_node_backward_needs(const ir_node *node)
{
    switch (node->op) {
    case IR_OP_CONV2D:
    case IR_OP_CONV_TRANSPOSE2D:
    case IR_OP_BATCHNORM:
    case IR_OP_MUL:
    case IR_OP_LINEAR:
    case IR_OP_SOFT_IOU:
    case IR_OP_BCE:
        return (ir_backward_needs){.inputs = true};
    case IR_OP_LEAKY_RELU:
    case IR_OP_SIGMOID:
    case IR_OP_LOG_SOFTMAX:
        return (ir_backward_needs){.output = true};
    case IR_OP_ADD:
        return (ir_backward_needs){.output = node->activation.on};
    case IR_OP_DEFORM: /* without offsets the points are always the same */
        return (ir_backward_needs){.inputs = node->inputs > 1};
    default:
        return (ir_backward_needs){0};
    }
}

static bool is_cheap(const ir_node *node)
{
    switch (node->op) {
    case IR_OP_BATCHNORM:
    case IR_OP_MUL:
    case IR_OP_CONCAT:
    case IR_OP_SLICE:
    case IR_OP_RESIZE:
    case IR_OP_SCALE:
    case IR_OP_RFFT2:
        return !node->kept;
    default:
        return false;
    }
}

static void read_again(ir_life *life, int time)
{
    if (time < life->first_again)
        life->first_again = time;
    if (time > life->last_again)
        life->last_again = time;
}

static void find_reads(const ir_graph *g, ir_life *life)
{
    const int end = 2 * g->nodes;
    for (int i = 0; i < g->nodes; i++) {
        const ir_node *node = g->node[i];
        if (node->alias)
            continue;
        const ir_backward_needs needs = ir_node_backward_needs(node);
        if (node->wants_grad && needs.output)
            read_again(&life[i], end - 1 - i);
        for (int k = 0; k < node->inputs; k++) {
            const int in = node->in[k]->index;
            if (i > life[in].last_forward)
                life[in].last_forward = i;
            if (node->wants_grad && needs.inputs)
                read_again(&life[in], end - 1 - i);
            if (node->grad_use[k] == IR_GRAD_WRITE && end - 1 - i < life[in].first_grad)
                life[in].first_grad = end - 1 - i;
        }
    }
}

/* What is computed again reads its inputs again; those come before it in the order. */
static void choose_again(ir_graph *g, ir_life *life)
{
    const int end = 2 * g->nodes;
    for (int i = g->nodes - 1; i >= 0; i--) {
        ir_node *node = g->node[i];
        if (node->alias || !is_cheap(node) || life[i].first_again > life[i].last_again)
            continue;
        node->again = end - 1 - life[i].first_again;
        for (int k = 0; k < node->inputs; k++)
            read_again(&life[node->in[k]->index], life[i].first_again);
    }
}

void ir_graph_find_lives(ir_graph *g, ir_life *life, bool recompute)
{
    const int end = 2 * g->nodes;
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        node->again = -1;
        life[i] = (ir_life){.last_forward = node->kept ? end : i,
                            .first_again = end,
                            .last_again = -1,
                            .first_grad = node->seeded ? 0 : end};
    }
    find_reads(g, life);
    if (recompute)
        choose_again(g, life);
}
