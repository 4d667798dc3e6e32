/* Planning: the memory that values, gradients and saved data take, as buffers that live from a
 * first write to a last read.
 *
 * Buffers that never live at the same time share memory. Placement is greedy, at the lowest place
 * that is free for the whole life, in whichever of four orders takes the least. */
#include "graph/buffers.h"

#include <math.h>
#include <stdlib.h>

enum { ALIGN = 256 };

static void add(ir_buffers *all, ir_span life, size_t size, void *where)
{
    if (size == 0)
        return;
    if (all->count == all->room) {
        all->room = all->room ? 2 * all->room : 256;
        all->item = ir_realloc(all->item, (size_t)all->room, sizeof *all->item);
    }
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    all->item[all->count++] = (ir_buffer){.life = life, .size = size, .where = where};
}

static int larger_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->life.born != y->life.born ? x->life.born - y->life.born : x->life.dies - y->life.dies;
}

static int earlier_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    return x->life.born != y->life.born ? x->life.born - y->life.born : larger_first(a, b);
}

static int longer_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    const int of_x = x->life.dies - x->life.born, of_y = y->life.dies - y->life.born;
    return of_x != of_y ? of_y - of_x : larger_first(a, b);
}

/* Those first that live when the most is in use. */
static int at_peak_first(const void *a, const void *b)
{
    const ir_buffer *x = a, *y = b;
    return x->at_peak != y->at_peak ? y->at_peak - x->at_peak : longer_first(a, b);
}

static void mark_peak(ir_buffers *all)
{
    size_t most = 0;
    int peak = 0;
    for (int i = 0; i < all->count; i++) { /* use only grows when something is born */
        const int time = all->item[i].life.born;
        size_t now = 0;
        for (int k = 0; k < all->count; k++)
            if (all->item[k].life.born <= time && time <= all->item[k].life.dies)
                now += all->item[k].size;
        if (now > most) {
            most = now;
            peak = time;
        }
    }
    for (int i = 0; i < all->count; i++)
        all->item[i].at_peak = all->item[i].life.born <= peak && peak <= all->item[i].life.dies;
}

static int by_offset(const void *a, const void *b)
{
    const ir_buffer *x = *(ir_buffer *const *)a, *y = *(ir_buffer *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Gives the i-th buffer the lowest offset that those before it leave; alive: room. */
static void place_one(ir_buffers *all, int i, ir_buffer **alive)
{
    ir_buffer *b = &all->item[i];
    int n = 0;
    for (int k = 0; k < i; k++)
        if (all->item[k].life.born <= b->life.dies && b->life.born <= all->item[k].life.dies)
            alive[n++] = &all->item[k];
    qsort(alive, (size_t)n, sizeof *alive, by_offset);
    b->offset = 0;
    for (int k = 0; k < n && alive[k]->offset < b->offset + b->size; k++)
        if (alive[k]->offset + alive[k]->size > b->offset)
            b->offset = alive[k]->offset + alive[k]->size;
}

typedef int order(const void *a, const void *b);

static size_t place_in_order(ir_buffers *all, order *before)
{
    ir_buffer **alive = ir_calloc((size_t)all->count + 1, sizeof *alive);
    size_t total = 0;
    qsort(all->item, (size_t)all->count, sizeof *all->item, before);
    for (int i = 0; i < all->count; i++) {
        place_one(all, i, alive);
        if (all->item[i].offset + all->item[i].size > total)
            total = all->item[i].offset + all->item[i].size;
    }
    free(alive);
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

void ir_buffers_list(ir_buffers *all, const ir_graph *g, const ir_life *lives)
{
    all->count = 0;
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_life *life = &lives[i];
        const size_t size = g->backend->tensor_bytes(g->backend, &node->call);
        if (node->alias)
            continue;
        if (node->over[0] < 0)
            add(all, life->value, size, &node->place[0]);
        if (life->again.born <= life->again.dies && node->over[1] < 0)
            add(all, life->again, size, &node->place[1]);
        if (node->call.wants_grad && !node->grad_over)
            add(all, life->grad, size, &node->call.grad);
        add(all, (ir_span){i, life->last}, node->call.saved_bytes, &node->call.saved);
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
    size_t *born = ir_calloc((size_t)end + 2, sizeof *born);
    size_t *died = ir_calloc((size_t)end + 2, sizeof *died), now = 0;
    double load = 0;
    for (int i = 0; i < all->count; i++) {
        born[all->item[i].life.born] += all->item[i].size;
        died[all->item[i].life.dies + 1] += all->item[i].size;
    }
    for (int t = 0; t <= end; t++) {
        now += born[t] - died[t];
        load += raised(now);
    }
    free(born);
    free(died);
    return sqrt(sqrt(sqrt(sqrt(load))));
}
