/* Planning, last step: one arena for all values, gradients and saved data.
 *
 * Time runs over the forward pass (node i at i) and back (node i at 2n-1-i). Each buffer lives from
 * its first write to its last read; buffers that never live at the same time share memory.
 * Placement is greedy, largest first, at the lowest place that is free for the whole life. */
#include <stdlib.h>

#include "graph/internal.h"

enum { ALIGN = 256 };

typedef struct {
    int born, dies; /* inclusive */
    size_t size, offset;
    void **where;
} buffer;

typedef struct {
    buffer *item;
    int count, room;
} buffers;

static void add(buffers *all, int born, int dies, size_t size, void *where)
{
    if (size == 0)
        return;
    if (all->count == all->room) {
        all->room = all->room ? 2 * all->room : 256;
        all->item = ir_realloc(all->item, (size_t)all->room, sizeof *all->item);
    }
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    all->item[all->count++] = (buffer){born, dies, size, 0, where};
}

static int larger_first(const void *a, const void *b)
{
    const buffer *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->born != y->born ? x->born - y->born : x->dies - y->dies;
}

static int by_offset(const void *a, const void *b)
{
    const buffer *x = *(buffer *const *)a, *y = *(buffer *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Gives every buffer its offset; returns the arena's size. */
static size_t place(buffers *all)
{
    qsort(all->item, (size_t)all->count, sizeof *all->item, larger_first);
    buffer **alive = ir_calloc((size_t)all->count + 1, sizeof *alive);
    size_t total = 0;
    for (int i = 0; i < all->count; i++) {
        buffer *b = &all->item[i];
        int n = 0;
        for (int k = 0; k < i; k++)
            if (all->item[k].born <= b->dies && b->born <= all->item[k].dies)
                alive[n++] = &all->item[k];
        qsort(alive, (size_t)n, sizeof *alive, by_offset);
        for (int k = 0; k < n && alive[k]->offset < b->offset + b->size; k++)
            if (alive[k]->offset + alive[k]->size > b->offset)
                b->offset = alive[k]->offset + alive[k]->size;
        if (b->offset + b->size > total)
            total = b->offset + b->size;
    }
    free(alive);
    return total;
}

/* All buffers of the graph with these lives, placed; returns the arena's size. */
static size_t lay_out(const ir_graph *g, const ir_life *lives, buffers *all)
{
    const int end = 2 * g->nodes;
    all->count = 0;
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        if (node->alias)
            continue;
        const ir_life *life = &lives[i];
        const ir_shape s = node->shape;
        const size_t size = g->backend->tensor_bytes(g->backend, s.n, s.c, s.h, s.w);
        const bool input = node->op == IR_OP_INPUT, twice = node->again >= 0;
        const int last =
            life->last_again > life->last_forward ? life->last_again : life->last_forward;
        add(all, input ? 0 : i, twice ? life->last_forward : last, size, &node->place[0]);
        if (twice)
            add(all, life->first_again, life->last_again, size, &node->place[1]);
        if (node->wants_grad)
            add(all, life->first_grad < end ? life->first_grad : 0, input ? end : end - 1 - i, size,
                &node->grad);
        add(all, i, node->wants_grad ? end - 1 - i : i, node->saved_bytes, &node->saved);
    }
    return place(all);
}

/* By when they are computed again, then by their order. */
static int by_again(const void *a, const void *b)
{
    const ir_node *x = *(ir_node *const *)a, *y = *(ir_node *const *)b;
    return x->again != y->again ? y->again - x->again : x->index - y->index;
}

static void list_again(ir_graph *g)
{
    g->again = ir_calloc((size_t)g->nodes + 1, sizeof(ir_node *));
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->again >= 0)
            g->again[g->agains++] = g->node[i];
    qsort(g->again, (size_t)g->agains, sizeof(ir_node *), by_again);
}

static size_t most_scratch(const ir_graph *g)
{
    size_t most = 0;
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->scratch_bytes > most)
            most = g->node[i]->scratch_bytes;
    return most;
}

/* Images of a batch, as the first input has it. */
static int images_of(const ir_graph *g)
{
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->op == IR_OP_INPUT)
            return g->node[i]->shape.n;
    return 1;
}

static size_t available(const ir_graph *g)
{
    return g->backend->available ? g->backend->available(g->backend) : SIZE_MAX;
}

/* Says what would fit where the memory of a device does not do. */
static void check_room(const ir_graph *g, size_t bytes)
{
    const ir_backend *b = g->backend;
    const size_t there = available(g);
    const int images = images_of(g);
    const int fit = (int)((double)images * (double)there / (double)bytes);
    if (bytes <= there)
        return;
    if (fit < 1)
        ir_die("%s: %d images need %zu MiB and %zu MiB are free: not even one fits", b->name,
               images, bytes >> 20, there >> 20);
    ir_die("%s: %d images need %zu MiB and %zu MiB are free: a batch of %d would fit", b->name,
           images, bytes >> 20, there >> 20, fit);
}

void ir_graph_allocate(ir_graph *g)
{
    ir_life *lives = ir_calloc((size_t)g->nodes + 1, sizeof *lives);
    buffers all = {0};
    ir_graph_find_lives(g, lives, false);
    size_t total = lay_out(g, lives, &all);
    if (total > g->memory || total > available(g)) {
        ir_graph_find_lives(g, lives, true);
        total = lay_out(g, lives, &all);
    }
    list_again(g);
    const size_t scratch = most_scratch(g);
    check_room(g, total + scratch);
    g->arena = g->backend->alloc(g->backend, total + ALIGN);
    g->scratch = g->backend->alloc(g->backend, scratch + ALIGN);
    g->bytes = total + scratch;
    for (int i = 0; i < all.count; i++)
        *all.item[i].where = (char *)g->arena + all.item[i].offset;
    for (int i = 0; i < g->nodes; i++) {
        g->node[i]->scratch = g->scratch;
        g->node[i]->value = g->node[i]->place[0];
    }
    free(all.item);
    free(lives);
}
