/* A node from the inside: the call that a backend gets, and what else the planner decided. */
#ifndef IR_NODE_H
#define IR_NODE_H

#include "backend/call.h"
#include "graph/graph.h"

struct ir_node {
    ir_call call; /* first: an ir_call * of a graph is an ir_node * */
    ir_graph *graph;
    int index; /* position in the graph's order */

    ir_node *alias;            /* the node that computes this one's value, when fused; else NULL */
    bool kept, seeded;         /* its value is read from outside; backward starts here */
    float *place[2];           /* of its value: in forward, and in backward if recomputed there */
    int in_place_of[2];        /* for each place, which place of the first input it reuses; or -1 */
    ir_node *grad_in_place_of; /* the reader whose gradient's memory this one's reuses, or NULL */
    int recompute_before;      /* index of the node before whose backward it is recomputed; or -1 */
};

/* Input k. After planning it is a node that runs, never one that was fused away. */
static inline ir_node *ir_node_in(const ir_node *node, int k)
{
    return (ir_node *)node->call.in[k];
}

#endif
