/* Planning: the live range of each value and gradient, given which values backward recomputes
 * instead of keeping them. */
#include "graph/graph_internal.h"

#include <stdlib.h>

static bool runs_backward(const ir_node *node)
{
    return !node->alias && node->call.op != IR_OP_INPUT && node->call.wants_grad;
}

/* ---- what is recomputed, and when ------------------------------------------------------------ */

/* Backward visits the nodes from the last to the first: the first reader has the highest index. */
static void read_by(ir_node *value, int reader)
{
    if (reader > value->recompute_before)
        value->recompute_before = reader;
}

/* A recomputed node reads its inputs once more; these come before it in the graph's order. */
static void find_recomputed(ir_graph *g, const bool *may)
{
    for (int i = g->nodes - 1; i >= 0; i--)
        g->node[i]->recompute_before = -1;
    for (int i = g->nodes - 1; i >= 0 && may; i--) {
        ir_node *node = g->node[i];
        if (!runs_backward(node))
            continue;
        if (ir_call_reads_output(&node->call))
            read_by(node, i);
        for (int k = 0; k < node->call.inputs; k++)
            if (ir_call_reads_input(&node->call, k))
                read_by(ir_node_in(node, k), i);
    }
    for (int i = g->nodes - 1; i >= 0 && may; i--) {
        ir_node *node = g->node[i];
        if (!may[i])
            node->recompute_before = -1;
        for (int k = 0; k < node->call.inputs && node->recompute_before >= 0; k++)
            read_by(ir_node_in(node, k), node->recompute_before);
    }
}

/* In the order in which backward needs them, then in the graph's order. */
static int by_time_of_need(const void *a, const void *b)
{
    const ir_node *x = *(ir_node *const *)a, *y = *(ir_node *const *)b;
    return x->recompute_before != y->recompute_before ? y->recompute_before - x->recompute_before
                                                      : x->index - y->index;
}

static void list_recomputed(ir_graph *g)
{
    g->recomputed_count = 0;
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->recompute_before >= 0)
            g->recomputed[g->recomputed_count++] = g->node[i];
    qsort(g->recomputed, (size_t)g->recomputed_count, sizeof(ir_node *), by_time_of_need);
}

/* ---- live ranges --------------------------------------------------------------------------- */

static void read_at(ir_live_ranges *ranges, const ir_node *value, int time)
{
    ir_live_ranges *range = &ranges[value->index];
    if (range->recomputed.start <= range->recomputed.end)
        range->recomputed.end = time;
    else if (time > range->value.end)
        range->value.end = time;
}

static void compute_at(ir_live_ranges *ranges, const ir_node *node, int time)
{
    for (int k = 0; k < node->call.inputs; k++)
        read_at(ranges, ir_node_in(node, k), time);
}

/* One node's backward takes two steps. An operation that has read its input before it writes the
 * input's gradient lets the gradient take over that input's memory. */
static void backward_at(ir_live_ranges *ranges, const ir_node *node, int time)
{
    const bool reads_first = ir_call_has(&node->call, IR_READS_BEFORE_GRADIENT);
    if (ir_call_reads_output(&node->call))
        read_at(ranges, node, time + 1);
    ranges[node->index].grad.end = time + 1;
    for (int k = 0; k < node->call.inputs; k++) {
        ir_live_ranges *in = &ranges[ir_node_in(node, k)->index];
        if (ir_call_reads_input(&node->call, k))
            read_at(ranges, ir_node_in(node, k), reads_first ? time : time + 1);
        if (node->call.grad_use[k] == IR_GRAD_WRITE)
            in->grad.start = reads_first ? time + 1 : time;
    }
}

/* The last step at which anything can be live. */
static int end_of_time(const ir_graph *g)
{
    return 4 * g->nodes;
}

static void start_ranges(const ir_graph *g, ir_live_ranges *ranges)
{
    for (int i = 0; i < g->nodes; i++)
        ranges[i] = (ir_live_ranges){.value = {i, i}, .recomputed = {1, 0}};
}

static void end_ranges(const ir_graph *g, ir_live_ranges *ranges)
{
    for (int i = 0; i < g->nodes; i++) {
        const ir_node *node = g->node[i];
        if (node->kept)
            ranges[i].value.end = end_of_time(g);
        if (node->call.op == IR_OP_INPUT) {
            ranges[i].value.start = 0;
            ranges[i].grad.end = end_of_time(g);
        }
        if (node->seeded)
            ranges[i].grad.start = 0;
    }
}

int ir_graph_find_live_ranges(ir_graph *g, ir_live_ranges *ranges, const bool *may)
{
    int time = g->nodes, done = 0;
    find_recomputed(g, may);
    list_recomputed(g);
    start_ranges(g, ranges);
    for (int i = 0; i < g->nodes; i++)
        if (!g->node[i]->alias)
            compute_at(ranges, g->node[i], i);
    for (int i = g->nodes - 1; i >= 0; i--) {
        for (; done < g->recomputed_count && g->recomputed[done]->recompute_before == i;
             done++, time++) {
            compute_at(ranges, g->recomputed[done], time);
            ranges[g->recomputed[done]->index].recomputed = (ir_live_range){time, time};
        }
        ranges[i].last = i;
        if (runs_backward(g->node[i])) {
            backward_at(ranges, g->node[i], time);
            ranges[i].last = time + 1;
            time += 2;
        }
    }
    end_ranges(g, ranges);
    ir_graph_find_in_place(g, ranges);
    return end_of_time(g);
}
