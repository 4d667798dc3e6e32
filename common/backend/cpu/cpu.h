/* The CPU backend from the inside: for common/backend/cpu only.
 *
 * Layout: a tensor N,C,H,W with C > 1 lies as N, ceil(C/B), H, W, B floats (B = 8, or 16 with
 * AVX-512: oneDNN's nChw8c and nChw16c); one with C = 1 lies as plain planes N, H, W. Every
 * operation writes all B lanes of its output, so padded lanes are always finite, and no result ever
 * depends on them.
 *
 * The operations' own loops live in kernels/, whose files are compiled once per instruction set
 * (kernels/kernel.h); onednn.c alone knows oneDNN's C API. */
#ifndef IR_CPU_H
#define IR_CPU_H

#include "backend/backend.h"
#include "backend/call.h"

typedef struct {
    const char *name; /* "base" (SSE2, NEON), "avx2", "avx512" */
    int block;        /* B */
    const ir_op_table *op[IR_OP_COUNT];
    void (*put)(ir_backend *b, const ir_call *call, void *tensor, const float *nchw);
    void (*get)(ir_backend *b, const ir_call *call, const void *tensor, float *nchw);
    void (*adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                 float step_size, double beta1, double beta2, float root_scale, float eps);
    void (*sgd)(ir_backend *b, float *x, const float *g, size_t count, float lr);
    void (*average)(ir_backend *b, float *a, const float *x, size_t count, float weight);
} ir_cpu_isa;

extern const ir_cpu_isa ir_cpu_base, ir_cpu_avx2, ir_cpu_avx512;

typedef struct {
    ir_backend backend; /* first: an ir_backend * is an ir_cpu * */
    const ir_cpu_isa *isa;
    int threads; /* OpenMP is set to this many */
    ir_precision precision;
    struct ir_dnn *dnn;
    bool direct;            /* its convolutions are kernels/direct.c's */
    void *winograd_weights; /* kernels/winograd.c's */
} ir_cpu;

#endif
