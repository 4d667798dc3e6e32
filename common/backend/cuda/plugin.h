/* What libir-cuda.so exports. Programs use nothing else of it. */
#ifndef IR_CUDA_PLUGIN_H
#define IR_CUDA_PLUGIN_H

#include "backend/call.h"

#define IR_CUDA_PLUGIN "libir-cuda.so"
#define IR_CUDA_OPEN   "ir_cuda_backend_open"
#define IR_CUDA_BUILT  "ir_cuda_interface"

/* device: its number, from 0. Returns NULL when it cannot be used; *why then says why. */
typedef ir_backend *ir_cuda_open(const ir_backend_options *options, int device, const char **why);
ir_cuda_open ir_cuda_backend_open;
extern const uint64_t ir_cuda_interface; /* IR_INTERFACE, as it was built */

#endif
