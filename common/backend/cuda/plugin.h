/* What libir-cuda.so exports, and all that the programs know of it. */
#ifndef IR_CUDA_PLUGIN_H
#define IR_CUDA_PLUGIN_H

#include "backend/call.h"

#define IR_CUDA_PLUGIN "libir-cuda.so"
#define IR_CUDA_OPEN   "ir_cuda_backend_open"
#define IR_CUDA_BUILT  "ir_cuda_interface"

/* device: number, from 0. NULL when there is none to be had; why then says it in a few words. */
typedef ir_backend *ir_cuda_open(const ir_backend_options *options, int device, const char **why);
ir_cuda_open ir_cuda_backend_open;
extern const uint64_t ir_cuda_interface; /* IR_INTERFACE, as it was built */

#endif
