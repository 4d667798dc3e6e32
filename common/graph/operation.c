/* The table of operations, from ops.def, and what depends on the node. */
#include "graph/operation.h"

#include <math.h>

/* ---- what backward reads ----------------------------------------------------------------------
 */

/* Both factors of a product are read; what is only added or multiplied by a number is not. */
static bool is_factor(const ir_node *node, int k)
{
    for (int i = 0; i < node->terms; i++) {
        const ir_term *t = &node->term[i];
        if (t->whole != IR_NO_INPUT && t->cover != IR_NO_INPUT && (t->whole == k || t->cover == k))
            return true;
    }
    return false;
}

/* Without offsets the points that are read are always the same. */
static bool has_offsets(const ir_node *node, int k)
{
    (void)k;
    return node->inputs > 1;
}

static bool has_activation(const ir_node *node)
{
    return node->activation.on;
}

/* ---- what it costs ----------------------------------------------------------------------------
 */

static bool is_pointwise(const ir_node *node)
{
    return node->kernel == 1;
}

static double pixels(ir_shape s)
{
    return (double)s.n * s.h * s.w;
}

/* Every weight is used once for each pixel of the output; */
static double macs_of_output(const ir_node *node)
{
    return (double)node->weight->size * pixels(node->shape);
}

/* or, transposed, of the input. */
static double macs_of_input(const ir_node *node)
{
    return (double)node->weight->size * pixels(node->in[0]->shape);
}

/* FFTW's count for real data, of every channel's plane. */
static double flop_of_planes(ir_shape s)
{
    return 2.5 * s.c * pixels(s) * log2((double)s.h * s.w);
}

static double flop_of_rfft2(const ir_node *node)
{
    return flop_of_planes(node->in[0]->shape);
}

static double flop_of_irfft2(const ir_node *node)
{
    return flop_of_planes(node->shape);
}

/* ---- the table --------------------------------------------------------------------------------
 */

const ir_operation ir_operations[IR_OP_COUNT] = {
    [IR_OP_INPUT] = {.name = "input"},
#define IR_OPERATION(NAME, op, ...) [IR_OP_##NAME] = {.name = #op, __VA_ARGS__},
#include "graph/ops.def"
#undef IR_OPERATION
};

bool ir_node_reads_input(const ir_node *node, int k)
{
    const ir_operation *op = &ir_operations[node->op];

    return op->reads_input_if ? op->reads_input_if(node, k) : ir_node_has(node, IR_READS_INPUTS);
}

bool ir_node_reads_output(const ir_node *node)
{
    const ir_operation *op = &ir_operations[node->op];

    return op->reads_output_if ? op->reads_output_if(node) : ir_node_has(node, IR_READS_OUTPUT);
}

bool ir_node_recomputes_cheaply(const ir_node *node)
{
    const ir_operation *op = &ir_operations[node->op];

    return op->recompute_if ? op->recompute_if(node) : ir_node_has(node, IR_RECOMPUTE);
}

double ir_node_macs(const ir_node *node)
{
    const ir_operation *op = &ir_operations[node->op];

    return op->macs ? op->macs(node) : 0;
}

double ir_node_flop(const ir_node *node)
{
    const ir_operation *op = &ir_operations[node->op];

    return op->flop ? op->flop(node) : 2 * ir_node_macs(node);
}
