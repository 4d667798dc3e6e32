/* A binary heap: the entry with the least key comes out first. */
#ifndef IR_SCORE_HEAP_H
#define IR_SCORE_HEAP_H

#include <stddef.h>

typedef struct {
    double key;
    int what, where; /* the caller's */
} heap_entry;

typedef struct {
    heap_entry *entry; /* the least is the first */
    size_t n, capacity;
} heap;

void heap_push(heap *h, heap_entry e);
heap_entry heap_pop(heap *h); /* of a heap that is not empty */
void heap_free(heap *h);

#endif
