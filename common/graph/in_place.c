/* Planning: which operations work in place.
 *
 * An elementwise operation may write its result over its first input, if nobody reads that input
 * later. In backward it may write its first input's gradient over the gradient of its result. */
#include "graph/graph_internal.h"

static bool reads_twice(const ir_node *node, const ir_node *in)
{
    int times = 0;
    for (int k = 0; k < node->call.inputs; k++)
        times += ir_node_in(node, k) == in;
    return times > 1;
}

static bool is_elementwise(const ir_node *node)
{
    return ir_call_has(&node->call, IR_ELEMENTWISE) && !node->alias &&
           !reads_twice(node, ir_node_in(node, 0));
}

/* The place of in[0] that the node reads at that time, if nobody reads it later; or -1. */
static int place_to_reuse(const ir_node *node, const ir_live_ranges *ranges, int time)
{
    const ir_node *in = ir_node_in(node, 0);
    const ir_live_ranges *range = &ranges[in->index];
    const bool recomputed = range->recomputed.start <= time && time <= range->recomputed.end;
    if (in->call.op == IR_OP_INPUT ||
        (recomputed ? range->recomputed.end : range->value.end) != time)
        return -1;
    return recomputed;
}

/* The memory that a value was written over stays live as long as that value. */
static void extend_range(ir_live_ranges *ranges, const ir_node *node, int place)
{
    const ir_live_range span = place ? ranges[node->index].recomputed : ranges[node->index].value;
    while (node->in_place_of[place] >= 0) {
        place = node->in_place_of[place];
        node = ir_node_in(node, 0);
    }
    ir_live_range *first = place ? &ranges[node->index].recomputed : &ranges[node->index].value;
    first->end = span.end > first->end ? span.end : first->end;
}

static void find_values_in_place(ir_graph *g, ir_live_ranges *ranges)
{
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_live_range recomputed = ranges[i].recomputed;
        node->in_place_of[0] = node->in_place_of[1] = -1;
        if (!g->backend->in_place || !is_elementwise(node))
            continue;
        node->in_place_of[0] = place_to_reuse(node, ranges, i);
        if (recomputed.start <= recomputed.end)
            node->in_place_of[1] = place_to_reuse(node, ranges, recomputed.start);
    }
    for (int i = 0; i < g->nodes; i++)
        for (int place = 0; place < 2; place++)
            if (g->node[i]->in_place_of[place] >= 0)
                extend_range(ranges, g->node[i], place);
}

static void find_gradients_in_place(ir_graph *g, ir_live_ranges *ranges)
{
    for (int i = 0; i < g->nodes && g->backend->in_place; i++) {
        ir_node *node = g->node[i];
        if (node->call.wants_grad && is_elementwise(node) &&
            node->call.grad_use[0] == IR_GRAD_WRITE)
            ir_node_in(node, 0)->grad_in_place_of = node;
    }
    for (int i = 0; i < g->nodes; i++) {
        const ir_node *first = g->node[i];
        while (first->grad_in_place_of)
            first = first->grad_in_place_of;
        if (ranges[i].grad.end > ranges[first->index].grad.end)
            ranges[first->index].grad.end = ranges[i].grad.end;
    }
}

void ir_graph_find_in_place(ir_graph *g, ir_live_ranges *ranges)
{
    find_values_in_place(g, ranges);
    find_gradients_in_place(g, ranges);
}
