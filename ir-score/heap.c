/* The children of entry i are 2 i + 1 and 2 i + 2. */
#include "heap.h"

#include <stdlib.h>

#include "base/base.h"

void heap_push(heap *h, heap_entry e)
{
    size_t i = h->n;
    if (h->n == h->capacity) {
        h->capacity = h->capacity ? 2 * h->capacity : 64;
        h->entry = ir_realloc(h->entry, h->capacity, sizeof *h->entry);
    }
    h->n++;
    for (; i > 0 && e.key < h->entry[(i - 1) / 2].key; i = (i - 1) / 2)
        h->entry[i] = h->entry[(i - 1) / 2];
    h->entry[i] = e;
}

heap_entry heap_pop(heap *h)
{
    heap_entry least = h->entry[0], last = h->entry[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        child += child + 1 < h->n && h->entry[child + 1].key < h->entry[child].key;
        if (h->entry[child].key >= last.key)
            break;
        h->entry[i] = h->entry[child];
    }
    h->entry[i] = last;
    return least;
}

void heap_free(heap *h)
{
    free(h->entry);
}
