/* What the planner and the profile know of an operation: the columns of ops.def. */
#ifndef IR_OPERATION_H
#define IR_OPERATION_H

#include "backend/call.h"
#include "graph/shapes.h"

enum {
    IR_READS_INPUTS = 1,          /* backward reads the values of all inputs */
    IR_READS_OUTPUT = 2,          /* backward reads the result */
    IR_READS_BEFORE_GRADIENT = 4, /* backward reads an input before it writes its gradient */
    IR_ELEMENTWISE = 8,           /* can write its result in place of the first input */
    IR_RECOMPUTE = 16,            /* cheap to recompute in backward, beside a convolution */
    IR_LOSS = 32,                 /* a loss: kept in fp32, no gradient to the truth */
    IR_OF_LOSSES = 64             /* may have losses as inputs */
};

typedef struct {
    const char *name;
    unsigned traits;
    ir_shape (*shape)(const ir_call *call, char wrong[IR_MISFIT]); /* NULL: the first input's */
    /* Where it depends on the call; NULL: what the traits say. */
    bool (*reads_input_if)(const ir_call *call, int k);
    bool (*reads_output_if)(const ir_call *call);
    bool (*recompute_if)(const ir_call *call);
    /* Multiply-accumulates with weights in forward; NULL: none. */
    double (*macs)(const ir_call *call);
    /* Floating-point operations of forward; NULL: two for each multiply-accumulate. */
    double (*flop)(const ir_call *call);
} ir_operation;

extern const ir_operation ir_operations[IR_OP_COUNT];

static inline bool ir_call_has(const ir_call *call, unsigned trait)
{
    return ir_operations[call->op].traits & trait;
}

/* Of its result, by its inputs and attributes: see shapes.h. */
ir_shape ir_call_shape(const ir_call *call, char wrong[IR_MISFIT]);
/* Which forward values backward reads. */
bool ir_call_reads_input(const ir_call *call, int k);
bool ir_call_reads_output(const ir_call *call);
/* Whether backward may recompute its value at little cost. */
bool ir_call_recomputes_cheaply(const ir_call *call);

/* Of one forward pass. */
double ir_call_macs(const ir_call *call);
double ir_call_flop(const ir_call *call);

#endif
