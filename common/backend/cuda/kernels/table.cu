/* All operations of the CUDA backend for one kind of storage. */
#include "device.h"

static const cudnnDataType_t dnn_type = sizeof(real) == 4 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;

extern const ir_storage IR_NAME(ir_cuda) = {
    sizeof(real),
    dnn_type,
    {
        nullptr, /* in ir_op's order: input */
        &IR_NAME(ir_cuda_conv2d),
        &IR_NAME(ir_cuda_conv_transpose2d),
        &IR_NAME(ir_cuda_batchnorm),
        &IR_NAME(ir_cuda_leaky_relu),
        &IR_NAME(ir_cuda_sigmoid),
        &IR_NAME(ir_cuda_add),
        &IR_NAME(ir_cuda_mul),
        &IR_NAME(ir_cuda_scale),
        &IR_NAME(ir_cuda_concat),
        &IR_NAME(ir_cuda_slice),
        &IR_NAME(ir_cuda_max_pool),
        &IR_NAME(ir_cuda_avg_pool),
        &IR_NAME(ir_cuda_global_avg_pool),
        &IR_NAME(ir_cuda_global_max_pool),
        &IR_NAME(ir_cuda_channel_mean),
        &IR_NAME(ir_cuda_channel_max),
        &IR_NAME(ir_cuda_resize),
        &IR_NAME(ir_cuda_dropout),
        &IR_NAME(ir_cuda_linear),
        &IR_NAME(ir_cuda_log_softmax),
        &IR_NAME(ir_cuda_rfft2),
        &IR_NAME(ir_cuda_irfft2),
        &IR_NAME(ir_cuda_soft_iou),
        &IR_NAME(ir_cuda_bce),
        &IR_NAME(ir_cuda_deform),
        &IR_NAME(ir_cuda_gradient),
    },
    IR_NAME(ir_cuda_from_host),
    IR_NAME(ir_cuda_to_host),
    IR_NAME(ir_cuda_adam),
    IR_NAME(ir_cuda_sgd),
    IR_NAME(ir_cuda_average),
};
static_assert(IR_OP_COUNT == 27, "the table lists every operation");
