/* Depthwise convolutions, on behalf of conv2d.cu: one filter a channel, weights C, k, k. */
#ifndef IR_DEPTHWISE_H
#define IR_DEPTHWISE_H

#include "device.h"

size_t IR_NAME(ir_cuda_depthwise_scratch)(const ir_call *call); /* for backward, in bytes */
/* bias: nullptr for none */
void IR_NAME(ir_cuda_depthwise_forward)(ir_cuda *cuda, const ir_call *call, const real *weights,
                                        const float *bias);
void IR_NAME(ir_cuda_depthwise_backward)(ir_cuda *cuda, const ir_call *call, const real *weights);

#endif
