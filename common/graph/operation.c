/* The table of operations, from ops.def, and what depends on the call. */
#include "graph/operation.h"

#include <math.h>

/* ---- what backward reads ------------------------------------------------------------------- */

/* Backward reads both factors of a product, but no input that is only added or scaled. */
static bool is_factor(const ir_call *call, int k)
{
    for (int i = 0; i < call->terms; i++) {
        const ir_term *t = &call->term[i];
        if (t->full != IR_NO_INPUT && t->broadcast != IR_NO_INPUT &&
            (t->full == k || t->broadcast == k))
            return true;
    }
    return false;
}

/* Without offsets, a convolution whose input only the weights' gradient reads. */
static bool has_offsets(const ir_call *call, int k)
{
    (void)k;
    return call->inputs > 1;
}

static bool has_activation(const ir_call *call)
{
    return call->activation.on;
}

/* ---- what it costs ------------------------------------------------------------------------- */

static bool is_pointwise(const ir_call *call)
{
    return call->kernel == 1;
}

static double pixels(ir_shape s)
{
    return (double)s.n * s.h * s.w;
}

/* Every weight is used once for each pixel of the output, */
static double macs_of_output(const ir_call *call)
{
    return (double)call->weight->size * pixels(call->shape);
}

/* or, transposed, of the input. */
static double macs_of_input(const ir_call *call)
{
    return (double)call->weight->size * pixels(call->in[0]->shape);
}

/* FFTW's count for real data, of every channel's plane. */
static double flop_of_planes(ir_shape s)
{
    return 2.5 * s.c * pixels(s) * log2((double)s.h * s.w);
}

static double flop_of_rfft2(const ir_call *call)
{
    return flop_of_planes(call->in[0]->shape);
}

static double flop_of_irfft2(const ir_call *call)
{
    return flop_of_planes(call->shape);
}

/* ---- the table ----------------------------------------------------------------------------- */

const ir_operation ir_operations[IR_OP_COUNT] = {
    [IR_OP_INPUT] = {.name = "input"},
#define IR_OPERATION(NAME, op, ...) [IR_OP_##NAME] = {.name = #op, __VA_ARGS__},
#include "backend/ops.def"
};

ir_shape ir_call_shape(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_operation *op = &ir_operations[call->op];
    if (op->shape)
        return op->shape(call, wrong);
    return call->op == IR_OP_INPUT ? call->shape : call->in[0]->shape;
}

bool ir_call_reads_input(const ir_call *call, int k)
{
    const ir_operation *op = &ir_operations[call->op];
    return op->reads_input_if ? op->reads_input_if(call, k) : ir_call_has(call, IR_READS_INPUTS);
}

bool ir_call_reads_output(const ir_call *call)
{
    const ir_operation *op = &ir_operations[call->op];
    return op->reads_output_if ? op->reads_output_if(call) : ir_call_has(call, IR_READS_OUTPUT);
}

bool ir_call_recomputes_cheaply(const ir_call *call)
{
    const ir_operation *op = &ir_operations[call->op];
    return op->recompute_if ? op->recompute_if(call) : ir_call_has(call, IR_RECOMPUTE);
}

double ir_call_macs(const ir_call *call)
{
    const ir_operation *op = &ir_operations[call->op];
    return op->macs ? op->macs(call) : 0;
}

double ir_call_flop(const ir_call *call)
{
    const ir_operation *op = &ir_operations[call->op];
    return op->flop ? op->flop(call) : 2 * ir_call_macs(call);
}
