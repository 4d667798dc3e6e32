/* Planning: what is written over what it is made of.
 *
 * An operation that works element by element may leave its result where its first input was, if
 * that is not read later; and in backward the first input's gradient where the one was that it is
 * made of. */
#include "graph/internal.h"

static bool reads_twice(const ir_node *node, const ir_node *in)
{
    int times = 0;
    for (int k = 0; k < node->call.inputs; k++)
        times += ir_node_in(node, k) == in;
    return times > 1;
}

static bool is_by_element(const ir_node *node)
{
    return ir_call_has(&node->call, IR_ELEMENTWISE) && !node->alias &&
           !reads_twice(node, ir_node_in(node, 0));
}

/* The place of in[0] that the node reads at that time, if it is the last to do so; or -1. */
static int place_left(const ir_node *node, const ir_life *lives, int time)
{
    const ir_node *in = ir_node_in(node, 0);
    const ir_life *life = &lives[in->index];
    const bool again = life->again.born <= time && time <= life->again.dies;
    if (in->call.op == IR_OP_INPUT || (again ? life->again.dies : life->value.dies) != time)
        return -1;
    return again;
}

/* What lies over something lives as long as both. */
static void outlive(ir_life *lives, const ir_node *node, int place)
{
    const ir_span span = place ? lives[node->index].again : lives[node->index].value;
    while (node->over[place] >= 0) {
        place = node->over[place];
        node = ir_node_in(node, 0);
    }
    ir_span *first = place ? &lives[node->index].again : &lives[node->index].value;
    first->dies = span.dies > first->dies ? span.dies : first->dies;
}

static void overlay_values(ir_graph *g, ir_life *lives)
{
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_span again = lives[i].again;
        node->over[0] = node->over[1] = -1;
        if (!g->backend->in_place || !is_by_element(node))
            continue;
        node->over[0] = place_left(node, lives, i);
        if (again.born <= again.dies)
            node->over[1] = place_left(node, lives, again.born);
    }
    for (int i = 0; i < g->nodes; i++)
        for (int place = 0; place < 2; place++)
            if (g->node[i]->over[place] >= 0)
                outlive(lives, g->node[i], place);
}

static void overlay_gradients(ir_graph *g, ir_life *lives)
{
    for (int i = 0; i < g->nodes && g->backend->in_place; i++) {
        ir_node *node = g->node[i];
        if (node->call.wants_grad && is_by_element(node) && node->call.grad_use[0] == IR_GRAD_WRITE)
            ir_node_in(node, 0)->grad_over = node;
    }
    for (int i = 0; i < g->nodes; i++) {
        const ir_node *first = g->node[i];
        while (first->grad_over)
            first = first->grad_over;
        if (lives[i].grad.dies > lives[first->index].grad.dies)
            lives[first->index].grad.dies = lives[i].grad.dies;
    }
}

void ir_graph_overlay(ir_graph *g, ir_life *lives)
{
    overlay_values(g, lives);
    overlay_gradients(g, lives);
}
