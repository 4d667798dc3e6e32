/* All operations of the CUDA backend for one kind of storage. */
#include "device.h"

static const cudnnDataType_t dnn_type = sizeof(real) == 4 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;

extern const ir_storage IR_NAME(ir_cuda) = {
    sizeof(real),
    dnn_type,
    {
        nullptr, /* the input */
#define IR_OPERATION(NAME, name, ...) &IR_NAME(ir_cuda_##name),
#include "backend/ops.def"
    },
    IR_NAME(ir_cuda_from_host),
    IR_NAME(ir_cuda_to_host),
    IR_NAME(ir_cuda_adam),
    IR_NAME(ir_cuda_sgd),
    IR_NAME(ir_cuda_average),
};
