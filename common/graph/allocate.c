/* Planning, last step: one arena for all values, gradients and saved data. */
#include <stdlib.h>

#include "graph/buffers.h"

enum { ALIGN = 256 };

static size_t most_scratch(const ir_graph *g)
{
    size_t most = 0;
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->call.scratch_bytes > most)
            most = g->node[i]->call.scratch_bytes;
    return most;
}

static size_t state_bytes(const ir_graph *g)
{
    size_t bytes = 0;
    for (int i = 0; i < g->nodes; i++)
        bytes += g->node[i]->call.state_bytes;
    return bytes;
}

/* Images in a batch: those of the first input. */
static int images_of(const ir_graph *g)
{
    for (int i = 0; i < g->nodes; i++)
        if (g->node[i]->call.op == IR_OP_INPUT)
            return g->node[i]->call.shape.n;
    return 1;
}

static size_t available(const ir_graph *g)
{
    return g->backend->available ? g->backend->available(g->backend) : SIZE_MAX;
}

/* Dies when the device has too little memory, and says which batch would fit. */
static void check_memory(const ir_graph *g, size_t bytes)
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

/* Places all buffers, and lets backward recompute some values if memory is short otherwise. Returns
 * the size of the arena. */
static size_t lay_out(ir_graph *g, ir_buffers *all)
{
    ir_live_ranges *ranges = ir_calloc((size_t)g->nodes + 1, sizeof *ranges);
    g->recomputed = ir_calloc((size_t)g->nodes + 1, sizeof *g->recomputed);
    ir_graph_find_live_ranges(g, ranges, NULL);
    ir_buffers_list(all, g, ranges);
    size_t total = ir_buffers_place(all);
    if (total > g->memory_limit || total > available(g)) {
        ir_graph_recompute(g, ranges);
        ir_buffers_list(all, g, ranges);
        total = ir_buffers_place(all);
    }
    free(ranges);
    return total;
}

/* After the buffers are placed: the addresses of what works in place. */
static void point_at_places(ir_graph *g)
{
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        for (int p = 0; p < 2; p++)
            if (node->in_place_of[p] >= 0)
                node->place[p] = ir_node_in(node, 0)->place[node->in_place_of[p]];
        node->call.value = node->place[0];
        node->call.scratch = g->scratch;
    }
    for (int i = g->nodes - 1; i >= 0; i--)
        if (g->node[i]->grad_in_place_of)
            g->node[i]->call.grad = g->node[i]->grad_in_place_of->call.grad;
}

void ir_graph_allocate(ir_graph *g)
{
    ir_buffers all = {0};
    const size_t total = lay_out(g, &all);
    const size_t scratch = most_scratch(g);
    check_memory(g, total + scratch);
    g->arena = g->backend->alloc(g->backend, total + ALIGN);
    g->scratch = g->backend->alloc(g->backend, scratch + ALIGN);
    g->bytes = total + scratch + state_bytes(g);
    for (int i = 0; i < all.count; i++)
        *all.item[i].where = (char *)g->arena + all.item[i].offset;
    point_at_places(g);
    free(all.item);
}
