/* Planning, first step: operations that are fused.
 *
 *   detection:  convolution + batch norm (folded into its weights) + activation
 *   training, and a batch norm that adapts:  batch norm + activation
 *   both:       add + activation; products and multiples + add; resizing + concat
 *
 * This step also finds the convolutions whose bias the next batch norm cancels: such a bias needs
 * no gradient.
 *
 * A fused node stays in the graph as an alias of the node that does its work. After this step the
 * inputs of nodes that run are nodes that run. A value with other readers is never fused away. */
#include <stdlib.h>

#include "graph/graph_internal.h"

static ir_node *real(ir_node *node)
{
    while (node->alias)
        node = node->alias;
    return node;
}

static bool is_conv(const ir_node *node)
{
    return node->call.op == IR_OP_CONV2D || node->call.op == IR_OP_CONV_TRANSPOSE2D;
}

static bool takes_activation(const ir_graph *g, const ir_node *node)
{
    if (node->call.activation.on)
        return false;
    if (is_conv(node))
        return g->mode == IR_DETECTION;
    return node->call.op == IR_OP_BATCHNORM || node->call.op == IR_OP_ADD;
}

/* ---- sums -------------------------------------------------------------------------------------*/

static int add_input(ir_node *node, ir_node *in)
{
    const size_t capacity = (size_t)node->call.inputs + 2;
    node->call.in = ir_realloc(node->call.in, capacity, sizeof *node->call.in);
    node->call.grad_use = ir_realloc(node->call.grad_use, capacity, sizeof *node->call.grad_use);
    node->call.in[node->call.inputs] = &in->call;
    node->call.grad_use[node->call.inputs] = IR_GRAD_NONE;
    return node->call.inputs++;
}

/* The product or multiple that computes a term, if nobody else reads it; or NULL. */
static ir_node *product_of(const ir_node *sum, const ir_term *t, const int *readers)
{
    ir_node *x = t->full == IR_NO_INPUT ? NULL : ir_node_in(sum, t->full);
    if (!x || readers[x->index] > 1 || x->kept)
        return NULL;
    return x->call.op == IR_OP_SCALE || (x->call.op == IR_OP_MUL && t->broadcast == IR_NO_INPUT)
               ? x
               : NULL;
}

static void absorb_products(ir_node *sum, const int *readers)
{
    for (int k = 0; k < sum->call.terms; k++) {
        ir_term *t = &sum->call.term[k];
        for (ir_node *x; (x = product_of(sum, t, readers)); x->alias = sum) {
            sum->call.in[t->full] = x->call.in[0];
            t->scale *= x->call.op == IR_OP_SCALE ? x->call.scale : x->call.term[0].scale;
            if (x->call.op == IR_OP_MUL)
                t->broadcast = add_input(sum, ir_node_in(x, 1));
        }
    }
}

/* ---- concatenations ---------------------------------------------------------------------------*/

static void absorb_resizings(const ir_graph *g, ir_node *concat, const int *readers)
{
    const int step = g->backend->part_step;
    concat->call.part = ir_calloc((size_t)concat->call.inputs + 1, sizeof *concat->call.part);
    for (int k = 0, first = 0; k < concat->call.inputs && step > 0; k++) {
        ir_node *x = ir_node_in(concat, k);
        const int channels = x->call.shape.c;
        if (x->call.op == IR_OP_RESIZE && readers[x->index] == 1 && !x->kept && first % step == 0 &&
            channels % step == 0) {
            concat->call.in[k] = x->call.in[0];
            concat->call.part[k] = &x->call;
            x->call.whole = &concat->call;
            x->call.first = first;
            x->alias = concat;
        }
        first += channels;
    }
}

/* ---- batch norms and activations --------------------------------------------------------------*/

/* producer: computes the node's first input, which nobody else reads. */
static void join(const ir_graph *g, ir_node *node, ir_node *producer)
{
    if (node->call.op == IR_OP_BATCHNORM && g->mode == IR_TRAINING)
        producer->call.bias_cancelled = is_conv(producer);
    if (node->call.op == IR_OP_BATCHNORM && g->mode == IR_DETECTION && !node->call.adapt.seen &&
        is_conv(producer) && !producer->call.batchnorm && !producer->call.activation.on) {
        producer->call.batchnorm = &node->call;
        node->alias = producer;
    } else if (node->call.op == IR_OP_LEAKY_RELU && takes_activation(g, producer)) {
        producer->call.activation = (ir_activation){true, (float)node->call.slope};
        node->alias = producer;
    }
    if (node->alias) {
        producer->kept |= node->kept;
        producer->seeded |= node->seeded;
    }
}

void ir_graph_fuse(ir_graph *g)
{
    int *readers = ir_calloc((size_t)g->nodes + 1, sizeof *readers);
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i]->call.inputs; k++)
            readers[ir_node_in(g->node[i], k)->index]++;

    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_node *before = node->call.inputs ? ir_node_in(node, 0) : NULL;
        for (int k = 0; k < node->call.inputs; k++)
            node->call.in[k] = &real(ir_node_in(node, k))->call;
        if (node->call.op == IR_OP_ADD)
            absorb_products(node, readers);
        if (node->call.op == IR_OP_CONCAT)
            absorb_resizings(g, node, readers);
        if (before && readers[before->index] == 1 && !before->kept)
            join(g, node, ir_node_in(node, 0));
    }
    free(readers);
}
