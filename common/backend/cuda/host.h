/* The headers of the C side that all of common/backend/cuda uses, for C++. What only one file uses
 * it includes by itself, so that a change there does not compile every kernel. */
#ifndef IR_CUDA_HOST_H
#define IR_CUDA_HOST_H

#ifndef _Noreturn
#define _Noreturn [[noreturn]]
#endif

extern "C" {
#include "backend/backend.h"
#include "backend/call.h"
#include "base/base.h"
}

#endif
