/* All operations of the CPU backend for one instruction set. */
#include "kernel.h"

#define IR_STRING2(x) #x
#define IR_STRING(x)  IR_STRING2(x)

const ir_cpu_isa IR_NAME(ir_cpu) = {
    .name = IR_STRING(IR_ISA),
    .block = B,
    .op =
        {
            [IR_OP_CONV2D] = &IR_NAME(ir_cpu_conv2d),
            [IR_OP_CONV_TRANSPOSE2D] = &IR_NAME(ir_cpu_conv_transpose2d),
            [IR_OP_BATCHNORM] = &IR_NAME(ir_cpu_batchnorm),
            [IR_OP_LEAKY_RELU] = &IR_NAME(ir_cpu_leaky_relu),
            [IR_OP_SIGMOID] = &IR_NAME(ir_cpu_sigmoid),
            [IR_OP_ADD] = &IR_NAME(ir_cpu_add),
            [IR_OP_MUL] = &IR_NAME(ir_cpu_mul),
            [IR_OP_SCALE] = &IR_NAME(ir_cpu_scale),
            [IR_OP_CONCAT] = &IR_NAME(ir_cpu_concat),
            [IR_OP_SLICE] = &IR_NAME(ir_cpu_slice),
            [IR_OP_MAX_POOL] = &IR_NAME(ir_cpu_max_pool),
            [IR_OP_AVG_POOL] = &IR_NAME(ir_cpu_avg_pool),
            [IR_OP_GLOBAL_AVG_POOL] = &IR_NAME(ir_cpu_global_avg_pool),
            [IR_OP_GLOBAL_MAX_POOL] = &IR_NAME(ir_cpu_global_max_pool),
            [IR_OP_CHANNEL_MEAN] = &IR_NAME(ir_cpu_channel_mean),
            [IR_OP_CHANNEL_MAX] = &IR_NAME(ir_cpu_channel_max),
            [IR_OP_RESIZE] = &IR_NAME(ir_cpu_resize),
            [IR_OP_DROPOUT] = &IR_NAME(ir_cpu_dropout),
            [IR_OP_LINEAR] = &IR_NAME(ir_cpu_linear),
            [IR_OP_LOG_SOFTMAX] = &IR_NAME(ir_cpu_log_softmax),
            [IR_OP_RFFT2] = &IR_NAME(ir_cpu_rfft2),
            [IR_OP_IRFFT2] = &IR_NAME(ir_cpu_irfft2),
            [IR_OP_SOFT_IOU] = &IR_NAME(ir_cpu_soft_iou),
            [IR_OP_BCE] = &IR_NAME(ir_cpu_bce),
            [IR_OP_DEFORM] = &IR_NAME(ir_cpu_deform),
            [IR_OP_GRADIENT] = &IR_NAME(ir_cpu_gradient),
        },
    .put = IR_NAME(ir_cpu_put),
    .get = IR_NAME(ir_cpu_get),
    .adam = IR_NAME(ir_cpu_adam),
    .sgd = IR_NAME(ir_cpu_sgd),
    .average = IR_NAME(ir_cpu_average),
};
