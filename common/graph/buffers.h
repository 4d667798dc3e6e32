/* The buffers of a graph in its one arena: for the files of graph/ that plan memory. */
#ifndef IR_BUFFERS_H
#define IR_BUFFERS_H

#include "graph/internal.h"

typedef struct {
    ir_span life;
    size_t size, offset;
    bool at_peak; /* lives when the most is in use */
    void **where; /* the pointer that will say where it is */
} ir_buffer;

typedef struct {
    ir_buffer *item;
    int count, room;
} ir_buffers;

/* All buffers of the graph with these lives, in place of what was there. */
void ir_buffers_list(ir_buffers *all, const ir_graph *g, const ir_life *lives);
/* About the most bytes that live at a time, and sooner known than what placing them takes: the
 * 16-norm over time, which falls too when one of several moments that are as bad gets better. end:
 * of time. */
double ir_buffers_load(const ir_buffers *all, int end);
/* Gives every buffer its offset and changes their order; returns the arena's size. */
size_t ir_buffers_place(ir_buffers *all);

#endif
