/* Pixels are added run by run, and most runs continue the pair before. */
#include "pairs.h"

#include <stdlib.h>

#include "base/base.h"

void pairs_add(pairs *p, int target, int detection, long both)
{
    pair *last = p->n > 0 ? &p->pair[p->n - 1] : NULL;
    if (last && last->target == target && last->detection == detection) {
        last->both += both;
        return;
    }
    if (p->n == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 64;
        p->pair = ir_realloc(p->pair, p->capacity, sizeof *p->pair);
    }
    p->pair[p->n++] = (pair){target, detection, both};
}

static int compare(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return (x->detection > y->detection) - (x->detection < y->detection);
}

void pairs_sort(pairs *p)
{
    size_t n = 0;
    if (p->n < 2)
        return;
    qsort(p->pair, p->n, sizeof *p->pair, compare);
    for (size_t i = 1; i < p->n; i++) {
        if (compare(&p->pair[n], &p->pair[i]) == 0)
            p->pair[n].both += p->pair[i].both;
        else
            p->pair[++n] = p->pair[i];
    }
    p->n = n + 1;
}

long pairs_both(const pairs *p, int target, int detection)
{
    const pair *found = p->n == 0 ? NULL
                                  : bsearch(&(pair){.target = target, .detection = detection},
                                            p->pair, p->n, sizeof *p->pair, compare);
    return found ? found->both : 0;
}
