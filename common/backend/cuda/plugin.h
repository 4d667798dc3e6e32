/* What libir-cuda.so exports, and all that the programs know of it. */
#ifndef IR_CUDA_PLUGIN_H
#define IR_CUDA_PLUGIN_H

#include "backend/backend.h"

#define IR_CUDA_PLUGIN "libir-cuda.so"
#define IR_CUDA_OPEN   "ir_cuda_backend_open"

/* device: number, from 0. NULL when there is none to be had; why then says it in a few words. */
typedef ir_backend *ir_cuda_open(const ir_backend_options *options, int device, const char **why);
ir_cuda_open ir_cuda_backend_open;

#endif
