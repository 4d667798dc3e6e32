/* A planned graph on a tape: what a network's graph computes, in double.
 *
 *     graph_tape t;
 *     graph_tape_start(&t, graph);
 *     tensor *x = graph_tape_value(&t, image);
 *     for (size_t i = 0; i < x->size; i++)
 *         x->v[i] = images[i];
 *     tape_forward(&t.tape);
 *
 * The parameters' values are the floats that the graph reads. What planning left out is left out
 * here, what it fused is computed one after the other. */
#ifndef IR_TESTS_GRAPH_TAPE_H
#define IR_TESTS_GRAPH_TAPE_H

#include "reference.h"

/* A parameter, in the order of ir_params_at(). */
typedef struct {
    const ir_param *param;
    tensor *now;  /* its value and gradient */
    tensor *next; /* a running statistic: what a training pass makes of it; else NULL */
} graph_param;

typedef struct {
    tape tape;
    const ir_graph *graph;
    tensor **value; /* of each node, by its index */
    size_t params;
    graph_param *param;
} graph_tape;

/* Dies on a graph that has no tape: two batch norms with the same running statistics, a value read
 * by others fused away. */
void graph_tape_start(graph_tape *t, const ir_graph *g);
void graph_tape_free(graph_tape *t);
/* Of an input, or of a value that is kept. */
tensor *graph_tape_value(const graph_tape *t, const ir_node *node);

#endif
