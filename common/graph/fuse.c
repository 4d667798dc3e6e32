/* Planning, first step: which operations become part of another's write.
 *
 *   detection:  convolution + batch norm (folded into its weights) + activation
 *   training:   batch norm + activation
 *   both:       add + activation
 *
 * and which convolutions need no gradient of their bias, since batch norm takes it away again.
 *
 * A fused node stays in the graph as an alias of the one that does its work; after this step every
 * input points at a node that really runs. A value that is read elsewhere is never fused away. */
#include <stdlib.h>

#include "graph/internal.h"

static ir_node *real(ir_node *node)
{
    while (node->alias)
        node = node->alias;
    return node;
}

static bool is_conv(const ir_node *node)
{
    return node->op == IR_OP_CONV2D || node->op == IR_OP_CONV_TRANSPOSE2D;
}

static bool takes_activation(const ir_graph *g, const ir_node *node)
{
    if (node->activation.on)
        return false;
    if (is_conv(node))
        return g->mode == IR_DETECTION;
    return node->op == IR_OP_BATCHNORM || node->op == IR_OP_ADD;
}

void ir_graph_fuse(ir_graph *g)
{
    int *readers = ir_calloc((size_t)g->nodes + 1, sizeof *readers);
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i]->inputs; k++)
            readers[g->node[i]->in[k]->index]++;

    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        if (node->inputs == 0)
            continue;
        const ir_node *before = node->in[0];
        const bool only_reader = readers[before->index] == 1 && !before->kept;
        for (int k = 0; k < node->inputs; k++)
            node->in[k] = real(node->in[k]);
        ir_node *producer = node->in[0];
        if (!only_reader)
            continue;
        if (node->op == IR_OP_BATCHNORM && g->mode == IR_TRAINING)
            producer->centred = is_conv(producer);
        if (node->op == IR_OP_BATCHNORM && g->mode == IR_DETECTION && is_conv(producer) &&
            !producer->batchnorm && !producer->activation.on) {
            producer->batchnorm = node;
            node->alias = producer;
        } else if (node->op == IR_OP_LEAKY_RELU && takes_activation(g, producer)) {
            producer->activation = (ir_activation){true, (float)node->slope};
            node->alias = producer;
        }
        if (node->alias) {
            producer->kept |= node->kept;
            producer->seeded |= node->seeded;
        }
    }
    free(readers);
}
