/* All operations of the CPU backend for one instruction set. */
#include "kernel.h"

#define IR_STRING2(x) #x
#define IR_STRING(x)  IR_STRING2(x)

const ir_cpu_isa IR_NAME(ir_cpu) = {
    .name = IR_STRING(IR_ISA),
    .block = B,
    .op =
        {
#define IR_OPERATION(NAME, name, ...) [IR_OP_##NAME] = &IR_NAME(ir_cpu_##name),
#include "backend/ops.def"
        },
    .put = IR_NAME(ir_cpu_put),
    .get = IR_NAME(ir_cpu_get),
    .adam = IR_NAME(ir_cpu_adam),
    .sgd = IR_NAME(ir_cpu_sgd),
    .average = IR_NAME(ir_cpu_average),
};
