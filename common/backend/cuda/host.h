/* The C side's headers as C++ sees them: for common/backend/cuda only. */
#ifndef IR_CUDA_HOST_H
#define IR_CUDA_HOST_H

#ifndef _Noreturn
#define _Noreturn [[noreturn]]
#endif

extern "C" {
#include "backend/axis.h"
#include "backend/backend.h"
#include "backend/call.h"
#include "backend/cuda/plugin.h"
#include "base/base.h"
}

#endif
