/* Planning: the memory of values, gradients and saved data, as buffers with live ranges.
 *
 * Buffers whose live ranges do not overlap may share memory. Placement is greedy: each buffer goes
 * to the lowest offset that is free during all of its live range. Four orders are tried; the one
 * that needs the least memory is used. */
#include "graph/buffers.h"

#include <math.h>
#include <stdlib.h>

enum { ALIGN = 256 };

static void add(ir_buffers *all, ir_live_range range, size_t size, void *where)
{
    if (size == 0)
        return;
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 256;
        all->item = ir_realloc(all->item, (size_t)all->capacity, sizeof *all->item);
    }
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    all->item[all->count++] = (ir_buffer){.range = range, .size = size, .where = where};
}

static int larger_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->range.start != y->range.start ? x->range.start - y->range.start
                                            : x->range.end - y->range.end;
}

static int earlier_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    return x->range.start != y->range.start ? x->range.start - y->range.start : larger_first(a, b);
}

static int longer_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    const int of_x = x->range.end - x->range.start, of_y = y->range.end - y->range.start;
    return of_x != of_y ? of_y - of_x : larger_first(a, b);
}

/* Buffers that are live at the peak come first. */
static int at_peak_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    return x->at_peak != y->at_peak ? y->at_peak - x->at_peak : longer_first(a, b);
}

static void mark_peak(ir_buffers *all)
{
    size_t most = 0;
    int peak = 0;
    for (int i = 0; i < all->count; i++) { /* the peak is at the start of some live range */
        const int time = all->item[i].range.start;
        size_t now = 0;
        for (int k = 0; k < all->count; k++)
            if (all->item[k].range.start <= time && time <= all->item[k].range.end)
                now += all->item[k].size;
        if (now > most) {
            most = now;
            peak = time;
        }
    }
    for (int i = 0; i < all->count; i++)
        all->item[i].at_peak = all->item[i].range.start <= peak && peak <= all->item[i].range.end;
}

static int by_offset(const void *a, const void *b)
{
    const ir_buffer *x = *(ir_buffer *const *)a, *y = *(ir_buffer *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Gives buffer i the lowest offset that the buffers before it leave free. live: workspace. */
static void place_one(ir_buffers *all, int i, ir_buffer **live)
{
    ir_buffer *b = &all->item[i];
    int n = 0;
    for (int k = 0; k < i; k++)
        if (all->item[k].range.start <= b->range.end && b->range.start <= all->item[k].range.end)
            live[n++] = &all->item[k];
    qsort(live, (size_t)n, sizeof *live, by_offset);
    b->offset = 0;
    for (int k = 0; k < n && live[k]->offset < b->offset + b->size; k++)
        if (live[k]->offset + live[k]->size > b->offset)
            b->offset = live[k]->offset + live[k]->size;
}

typedef int order(const void *a, const void *b);

static size_t place_in_order(ir_buffers *all, order *before)
{
    ir_buffer **live = ir_calloc((size_t)all->count + 1, sizeof *live);
    size_t total = 0;
    qsort(all->item, (size_t)all->count, sizeof *all->item, before);
    for (int i = 0; i < all->count; i++) {
        place_one(all, i, live);
        if (all->item[i].offset + all->item[i].size > total)
            total = all->item[i].offset + all->item[i].size;
    }
    free(live);
    return total;
}

size_t ir_buffers_place(ir_buffers *all)
{
    static order *const orders[] = {larger_first, longer_first, earlier_first, at_peak_first};
    size_t least = SIZE_MAX;
    order *best = orders[0];
    mark_peak(all);
    for (int i = 0; i < 4; i++) {
        const size_t total = place_in_order(all, orders[i]);
        if (total < least) {
            least = total;
            best = orders[i];
        }
    }
    return place_in_order(all, best);
}

void ir_buffers_list(ir_buffers *all, const ir_graph *g, const ir_live_ranges *ranges)
{
    all->count = 0;
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_live_ranges *range = &ranges[i];
        const size_t size = g->backend->tensor_bytes(g->backend, &node->call);
        if (node->alias)
            continue;
        if (node->in_place_of[0] < 0)
            add(all, range->value, size, &node->place[0]);
        if (range->recomputed.start <= range->recomputed.end && node->in_place_of[1] < 0)
            add(all, range->recomputed, size, &node->place[1]);
        if (node->call.wants_grad && !node->grad_in_place_of)
            add(all, range->grad, size, &node->call.grad);
        add(all, (ir_live_range){i, range->last}, node->call.saved_bytes, &node->call.saved);
    }
}

/* To the power of 16. */
static double raised(size_t bytes)
{
    double x = (double)bytes;
    for (int i = 0; i < 4; i++)
        x *= x;
    return x;
}

double ir_buffers_load(const ir_buffers *all, int end)
{
    size_t *started = ir_calloc((size_t)end + 2, sizeof *started);
    size_t *ended = ir_calloc((size_t)end + 2, sizeof *ended), now = 0;
    double load = 0;
    for (int i = 0; i < all->count; i++) {
        started[all->item[i].range.start] += all->item[i].size;
        ended[all->item[i].range.end + 1] += all->item[i].size;
    }
    for (int t = 0; t <= end; t++) {
        now += started[t] - ended[t];
        load += raised(now);
    }
    free(started);
    free(ended);
    return sqrt(sqrt(sqrt(sqrt(load))));
}
