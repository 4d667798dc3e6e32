/* Planning, last step: one arena for all values, gradients and saved data.
 *
 * Time runs over the forward pass (node i at i) and back (node i at 2n-1-i). Each buffer lives from
 * its first write to its last read; buffers that never live at the same time share memory.
 * Placement is greedy, largest first, at the lowest place that is free for the whole life. */
#include <stdlib.h>

#include "graph/internal.h"

enum { ALIGN = 64 };

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

/* The last moment at which each node's value is read, and the first at which its gradient is
 * written. */
static void find_lives(const ir_graph *g, int *last_read, int *first_grad)
{
    const int n = g->nodes, end = 2 * n;
    for (int i = 0; i < n; i++) {
        const ir_node *node = g->node[i];
        last_read[i] = i;
        first_grad[i] = end;
        if (node->wants_grad && ir_node_backward_needs(node).output)
            last_read[i] = end - 1 - i;
        if (node->kept)
            last_read[i] = end;
        if (node->seeded)
            first_grad[i] = 0;
    }
    for (int i = 0; i < n; i++) {
        const ir_node *node = g->node[i];
        if (node->alias)
            continue;
        const bool again = node->wants_grad && ir_node_backward_needs(node).inputs;
        for (int k = 0; k < node->inputs; k++) {
            const int in = node->in[k]->index, read = again ? end - 1 - i : i;
            if (read > last_read[in])
                last_read[in] = read;
            if (node->grad_use[k] == IR_GRAD_WRITE && end - 1 - i < first_grad[in])
                first_grad[in] = end - 1 - i;
        }
    }
}

void ir_graph_allocate(ir_graph *g)
{
    const int end = 2 * g->nodes;
    int *last_read = ir_calloc((size_t)g->nodes + 1, sizeof(int));
    int *first_grad = ir_calloc((size_t)g->nodes + 1, sizeof(int));
    find_lives(g, last_read, first_grad);

    buffers all = {0};
    size_t scratch = 0;
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        if (node->alias)
            continue;
        const ir_shape s = node->shape;
        const size_t size = g->backend->tensor_bytes(g->backend, s.n, s.c, s.h, s.w);
        const bool input = node->op == IR_OP_INPUT;
        add(&all, input ? 0 : i, last_read[i], size, &node->value);
        if (node->wants_grad)
            add(&all, first_grad[i] < end ? first_grad[i] : 0, input ? end : end - 1 - i, size,
                &node->grad);
        add(&all, i, node->wants_grad ? end - 1 - i : i, node->saved_bytes, &node->saved);
        if (node->scratch_bytes > scratch)
            scratch = node->scratch_bytes;
    }
    const size_t total = place(&all);
    g->arena = g->backend->alloc(g->backend, total + ALIGN);
    g->scratch = g->backend->alloc(g->backend, scratch + ALIGN);
    g->bytes = total + scratch;
    for (int i = 0; i < all.count; i++)
        *all.item[i].where = (char *)g->arena + all.item[i].offset;
    for (int i = 0; i < g->nodes; i++)
        g->node[i]->scratch = g->scratch;
    free(all.item);
    free(last_read);
    free(first_grad);
}
