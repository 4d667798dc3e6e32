/* Planning, before all else: nodes that nothing kept or seeded depends on are taken out of the
 * order of running: the other heads of deep supervision when detecting, a loss nobody asks for. */
#include <stdlib.h>

#include "graph/graph_internal.h"

/* Inputs are always kept, so they stay. */
static bool *find_needed(const ir_graph *g)
{
    bool *needed = ir_calloc((size_t)g->nodes + 1, sizeof *needed);
    for (int i = g->nodes - 1; i >= 0; i--) {
        const ir_node *node = g->node[i];
        needed[i] |= node->kept || node->seeded;
        for (int k = 0; needed[i] && k < node->call.inputs; k++)
            needed[ir_node_in(node, k)->index] = true;
    }
    return needed;
}

void ir_graph_prune(ir_graph *g)
{
    bool *needed = find_needed(g);
    const int built = g->nodes;
    g->dropped = ir_calloc((size_t)built + 1, sizeof(ir_node *));
    g->nodes = 0;
    for (int i = 0; i < built; i++) {
        ir_node *node = g->node[i];
        if (needed[i]) {
            node->index = g->nodes;
            g->node[g->nodes++] = node;
        } else {
            g->dropped[g->drops++] = node;
        }
    }
    free(needed);
}
