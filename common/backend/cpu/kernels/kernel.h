/* For the files of this directory: each is compiled once per instruction set, with IR_ISA (base,
 * avx2, avx512) and IR_BLOCK (8, 8, 16) defined by the Makefile. IR_NAME() makes the names of what
 * a file exports.
 *
 * The innermost loops run over the B lanes. B is a constant, so the compiler makes one vector of
 * them. Sums over pixels are made per thread in a fixed partition and then in order: the same
 * machine and thread count give the same bits. */
#ifndef IR_KERNEL_H
#define IR_KERNEL_H

#include <omp.h>
#include <stddef.h>

#include "backend/cpu/cpu.h"

#define IR_PASTE2(a, b) a##_##b
#define IR_PASTE(a, b)  IR_PASTE2(a, b)
#define IR_NAME(name)   IR_PASTE(name, IR_ISA) /* adds the instruction set: ..._avx2 */

enum { B = IR_BLOCK };

static inline int lanes(int c)
{
    return c == 1 ? 1 : B;
}
static inline int blocks(int c)
{
    return c == 1 ? 1 : (c + B - 1) / B;
}
/* floats of a tensor */
static inline size_t volume(ir_shape s)
{
    return (size_t)s.n * (size_t)blocks(s.c) * (size_t)s.h * (size_t)s.w * (size_t)lanes(s.c);
}
/* floats of one image's one block of channels */
static inline size_t plane(ir_shape s)
{
    return (size_t)s.h * (size_t)s.w * (size_t)lanes(s.c);
}

/* Every operation's kernels, ir_cpu_NAME, put together in table.c. */
#define IR_OPERATION(NAME, name, ...) extern const ir_op_table IR_NAME(ir_cpu_##name);
#include "backend/ops.def"

void IR_NAME(ir_cpu_put)(ir_backend *b, const ir_call *call, void *tensor, const float *nchw);
void IR_NAME(ir_cpu_get)(ir_backend *b, const ir_call *call, const void *tensor, float *nchw);
void IR_NAME(ir_cpu_adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                          float step_size, double beta1, double beta2, float root_scale, float eps);
void IR_NAME(ir_cpu_sgd)(ir_backend *b, float *x, const float *g, size_t count, float lr);
void IR_NAME(ir_cpu_average)(ir_backend *b, float *a, const float *x, size_t count, float weight);

#endif
