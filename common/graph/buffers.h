/* The buffers of a graph in its one arena: for the planner's files. */
#ifndef IR_BUFFERS_H
#define IR_BUFFERS_H

#include "graph/graph_internal.h"

typedef struct {
    ir_live_range range;
    size_t size, offset;
    bool at_peak; /* live when the most memory is in use */
    void **where; /* the pointer to be set to its address */
} ir_buffer;

typedef struct {
    ir_buffer *item;
    int count, capacity;
} ir_buffers;

/* Replaces the list by all buffers of the graph, with these live ranges. */
void ir_buffers_list(ir_buffers *all, const ir_graph *g, const ir_live_ranges *ranges);
/* An estimate of the peak, much cheaper than placing the buffers: the 16-norm over time of the
 * bytes in use. Unlike the maximum, it also falls when one of several equal peaks gets lower. end:
 * the last step. */
double ir_buffers_load(const ir_buffers *all, int end);
/* Gives every buffer its offset, in any order; returns the size of the arena in bytes. */
size_t ir_buffers_place(ir_buffers *all);

#endif
