/* Planning: from when to when each value and gradient lives, given which values are not kept for
 * backward but computed again. */
#include "graph/internal.h"

#include <stdlib.h>

static bool runs_backward(const ir_node *node)
{
    return !node->alias && node->call.op != IR_OP_INPUT && node->call.wants_grad;
}

/* ---- what is computed again, and when -------------------------------------------------------- */

/* again: of the nodes that read this value in backward, the one that does so first. */
static void read_by(ir_node *value, int reader)
{
    if (reader > value->again)
        value->again = reader;
}

/* What is computed again reads its inputs again; those come before it in the order. */
static void find_again(ir_graph *g, const bool *may)
{
    for (int i = g->nodes - 1; i >= 0; i--)
        g->node[i]->again = -1;
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
            node->again = -1;
        for (int k = 0; k < node->call.inputs && node->again >= 0; k++)
            read_by(ir_node_in(node, k), node->again);
    }
}

/* By when they are computed again, then by their order. */
static int by_again(const void *a, const void *b)
{
    const ir_node *x = *(ir_node *const *)a, *y = *(ir_node *const *)b;
    return x->again != y->again ? y->again - x->again : x->index - y->index;
}

static void list_again(ir_graph *g)
{
    g->agains = 0;
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->again >= 0)
            g->again[g->agains++] = g->node[i];
    qsort(g->again, (size_t)g->agains, sizeof(ir_node *), by_again);
}

/* ---- lives ------------------------------------------------------------------------------------
 */

static void read_at(ir_life *lives, const ir_node *value, int time)
{
    ir_life *life = &lives[value->index];
    if (life->again.born <= life->again.dies)
        life->again.dies = time;
    else if (time > life->value.dies)
        life->value.dies = time;
}

static void compute_at(ir_life *lives, const ir_node *node, int time)
{
    for (int k = 0; k < node->call.inputs; k++)
        read_at(lives, ir_node_in(node, k), time);
}

/* One node's backward, in two steps. Where an input has been read when its gradient is written, a
 * value that is read no later leaves its memory to the gradient. */
static void backward_at(ir_life *lives, const ir_node *node, int time)
{
    const bool reads_first = ir_call_has(&node->call, IR_READS_BEFORE_GRADIENT);
    if (ir_call_reads_output(&node->call))
        read_at(lives, node, time + 1);
    lives[node->index].grad.dies = time + 1;
    for (int k = 0; k < node->call.inputs; k++) {
        ir_life *in = &lives[ir_node_in(node, k)->index];
        if (ir_call_reads_input(&node->call, k))
            read_at(lives, ir_node_in(node, k), reads_first ? time : time + 1);
        if (node->call.grad_use[k] == IR_GRAD_WRITE)
            in->grad.born = reads_first ? time + 1 : time;
    }
}

/* The longest that anything lives. */
static int end_of_time(const ir_graph *g)
{
    return 4 * g->nodes;
}

static void begin_lives(const ir_graph *g, ir_life *lives)
{
    for (int i = 0; i < g->nodes; i++)
        lives[i] = (ir_life){.value = {i, i}, .again = {1, 0}};
}

static void end_lives(const ir_graph *g, ir_life *lives)
{
    for (int i = 0; i < g->nodes; i++) {
        const ir_node *node = g->node[i];
        if (node->kept)
            lives[i].value.dies = end_of_time(g);
        if (node->call.op == IR_OP_INPUT) {
            lives[i].value.born = 0;
            lives[i].grad.dies = end_of_time(g);
        }
        if (node->seeded)
            lives[i].grad.born = 0;
    }
}

int ir_graph_find_lives(ir_graph *g, ir_life *lives, const bool *may)
{
    int time = g->nodes, done = 0;
    find_again(g, may);
    list_again(g);
    begin_lives(g, lives);
    for (int i = 0; i < g->nodes; i++)
        if (!g->node[i]->alias)
            compute_at(lives, g->node[i], i);
    for (int i = g->nodes - 1; i >= 0; i--) {
        for (; done < g->agains && g->again[done]->again == i; done++, time++) {
            compute_at(lives, g->again[done], time);
            lives[g->again[done]->index].again = (ir_span){time, time};
        }
        lives[i].last = i;
        if (runs_backward(g->node[i])) {
            backward_at(lives, g->node[i], time);
            lives[i].last = time + 1;
            time += 2;
        }
    }
    end_lives(g, lives);
    ir_graph_overlay(g, lives);
    return end_of_time(g);
}
