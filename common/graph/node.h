/* A node from the inside: what its operation's backend gets, and what planning decided beside that.
 */
#ifndef IR_NODE_H
#define IR_NODE_H

#include "backend/call.h"
#include "graph/graph.h"

struct ir_node {
    ir_call call; /* first: an ir_call * of a graph is an ir_node * */
    ir_graph *graph;
    int index; /* position in the graph's order */

    ir_node *alias;     /* fused away: its value is that node's */
    bool kept, seeded;  /* its value is read, backward starts there */
    float *place[2];    /* its value's: in forward, and in backward where it is computed again */
    int over[2];        /* which place of the first input that place is, or -1 */
    ir_node *grad_over; /* the reader over whose gradient this one's is written, or NULL */
    int again;          /* it is so just before backward of the node of this index; or -1 */
};

/* After planning: the node that really produces the input's values, fused ones skipped. */
static inline ir_node *ir_node_in(const ir_node *node, int k)
{
    return (ir_node *)node->call.in[k];
}

#endif
