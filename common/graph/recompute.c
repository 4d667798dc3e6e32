/* Planning: which values backward recomputes instead of keeping them.
 *
 * First the values that cost little beside a convolution, wherever that lowers the memory in use:
 * what they are computed from must be kept, or recomputed too. If the rest still exceeds the limit
 * and is larger than `large`, convolutions follow, those first that free the most bytes for their
 * work; together they cost at most a quarter of a forward pass. Griewank and Walther (Revolve, ACM
 * TOMS 26(1), 2000) treat this trade-off; the choice here is greedy. */
#include <stdlib.h>

#include "graph/buffers.h"

static bool is_free(const ir_node *node)
{
    return !node->alias && !node->kept;
}

typedef struct {
    ir_graph *graph;
    ir_live_ranges *ranges;
    bool *may; /* of each node */
    ir_buffers buffers;
} choice;

enum { MOST = 4, PASSES = 8 };

static const double large = 0.9 * (1 << 30), share = 0.25;

static double load_of(choice *c)
{
    const int end = ir_graph_find_live_ranges(c->graph, c->ranges, c->may);
    ir_buffers_list(&c->buffers, c->graph, c->ranges);
    return ir_buffers_load(&c->buffers, end);
}

static size_t volume(const ir_node *node)
{
    return (size_t)node->call.shape.c * (size_t)node->call.shape.h * (size_t)node->call.shape.w;
}

static int larger_first(const void *a, const void *b)
{
    const ir_node *x = *(ir_node *const *)a, *y = *(ir_node *const *)b;
    if (volume(x) != volume(y))
        return volume(x) < volume(y) ? 1 : -1;
    return y->index - x->index;
}

static bool can_choose(const ir_node *node)
{
    return is_free(node) && ir_call_recomputes_cheaply(&node->call);
}

/* Flips the choice for these nodes, if that lowers the load. */
static bool try_nodes(choice *c, ir_node *const *nodes, int count, double *load)
{
    double now;
    for (int i = 0; i < count; i++)
        c->may[nodes[i]->index] ^= true;
    now = load_of(c);
    if (now < *load * (1 - 1e-9)) {
        *load = now;
        return true;
    }
    for (int i = 0; i < count; i++)
        c->may[nodes[i]->index] ^= true;
    return false;
}

/* A node alone, or together with its inputs. Neither alone may gain anything, since a recomputed
 * node's inputs must be kept or recomputed themselves. */
static bool try_one(choice *c, ir_node *node, double *load)
{
    ir_node *with[MOST];
    int count = 1;
    with[0] = node;
    if (try_nodes(c, with, 1, load))
        return true;
    for (int k = 0; k < node->call.inputs && count < MOST; k++)
        if (can_choose(ir_node_in(node, k)) &&
            c->may[ir_node_in(node, k)->index] == c->may[node->index])
            with[count++] = ir_node_in(node, k);
    return count > 1 && try_nodes(c, with, count, load);
}

static void try_cheap(choice *c, double *load)
{
    const ir_graph *g = c->graph;
    ir_node **candidate = ir_calloc((size_t)g->nodes + 1, sizeof(ir_node *));
    int count = 0;
    bool better = true;
    for (int i = 0; i < g->nodes; i++)
        if (can_choose(g->node[i]))
            candidate[count++] = g->node[i];
    qsort(candidate, (size_t)count, sizeof(ir_node *), larger_first);
    for (int pass = 0; pass < PASSES && better; pass++) {
        better = false;
        for (int i = 0; i < count; i++)
            better |= try_one(c, candidate[i], load);
    }
    free(candidate);
}

/* Compares work per byte: the multiplications of a pixel over its channels. */
static int dearer_last(const void *a, const void *b)
{
    const ir_node *x = *(ir_node *const *)a, *y = *(ir_node *const *)b;
    const double of_x = (double)x->call.weight->size * y->call.shape.c;
    const double of_y = (double)y->call.weight->size * x->call.shape.c;
    if (of_x != of_y)
        return of_x > of_y ? 1 : -1;
    return x->index - y->index;
}

static void try_convolutions(choice *c, double target, double *load)
{
    const ir_graph *g = c->graph;
    ir_node **candidate = ir_calloc((size_t)g->nodes + 1, sizeof(ir_node *));
    double left = share * ir_graph_macs(g);
    int count = 0;
    for (int i = 0; i < g->nodes; i++)
        if (is_free(g->node[i]) && g->node[i]->call.op == IR_OP_CONV2D &&
            !ir_call_recomputes_cheaply(&g->node[i]->call))
            candidate[count++] = g->node[i];
    qsort(candidate, (size_t)count, sizeof(ir_node *), dearer_last);
    for (int i = 0; i < count && target < *load; i++)
        if (ir_call_macs(&candidate[i]->call) <= left && try_nodes(c, &candidate[i], 1, load))
            left -= ir_call_macs(&candidate[i]->call);
    free(candidate);
}

void ir_graph_recompute(ir_graph *g, ir_live_ranges *ranges)
{
    choice c = {.graph = g, .ranges = ranges, .may = ir_calloc((size_t)g->nodes + 1, sizeof(bool))};
    const double limit = (double)g->memory_limit,
                 target = limit > 0 && limit < large ? large : limit;
    for (int i = 0; i < g->nodes; i++)
        c.may[i] = is_free(g->node[i]) && ir_call_recomputes_cheaply(&g->node[i]->call) &&
                   g->node[i]->call.op != IR_OP_ADD;
    double load = load_of(&c);
    try_cheap(&c, &load);
    try_convolutions(&c, target, &load);
    ir_graph_find_live_ranges(g, ranges, c.may);
    free(c.may);
    free(c.buffers.item);
}
