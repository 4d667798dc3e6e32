/* Components found by where their centroids lie: a tree of boxes, each of which holds two more or a
 * few centroids. Making it takes n log n steps; memory is linear in n. */
#ifndef IR_SCORE_BOXES_H
#define IR_SCORE_BOXES_H

#include "stream/components.h"

typedef struct {
    double top, left, bottom, right; /* of the centroids in it, all inclusive */
    int first, end;                  /* in item: what it holds */
    int child;                       /* its first half, the second being child + 1; 0: a leaf */
} box;

typedef struct {
    box *box;  /* the first holds all */
    int *item; /* in the same memory */
    int boxes;
} boxes;

/* n components, n >= 1; an item is an index into point. */
boxes boxes_new(const ir_component *point, int n);
void boxes_free(boxes *b);
/* How far a place is from a box: 0 within it. */
double box_distance(const box *b, const ir_component *from);

/* What may lie near a place: all items of the leaves that lie so near. */
typedef struct {
    const boxes *all;
    const ir_component *from;
    double radius;
    int next, end, depth;
    int stack[64]; /* of boxes; their sizes halve */
} boxes_walk;

void boxes_near(boxes_walk *w, const boxes *all, const ir_component *from, double radius);
/* The next item, in no order; -1 at the end. Some are farther away than radius, none nearer is left
 * out. */
int boxes_next(boxes_walk *w);

#endif
