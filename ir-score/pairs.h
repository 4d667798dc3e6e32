/* Which targets and detections overlap, and by how many pixels: a list, since few do. */
#ifndef IR_SCORE_PAIRS_H
#define IR_SCORE_PAIRS_H

#include <stddef.h>

typedef struct {
    int target, detection;
    long both; /* pixels in both */
} pair;

typedef struct {
    pair *pair;
    size_t n, capacity;
} pairs;

void pairs_add(pairs *p, int target, int detection, long both);
/* By target, then by detection, a pair each: to be called when all were added. */
void pairs_sort(pairs *p);
/* Of sorted pairs; 0 for those that are not there. */
long pairs_both(const pairs *p, int target, int detection);

#endif
