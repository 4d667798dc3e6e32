/* A backend: memory, and forward and backward of every operation, behind a table.
 *
 * Graphs call it through this table; programs only open one. The backend chooses the layout and
 * format of activations (tensor_bytes, put and get convert), except that fp32 calls have floats.
 * Parameters are floats in C order in its memory. */
#ifndef IR_BACKEND_H
#define IR_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int n, c, h, w;
} ir_shape;

typedef struct ir_backend ir_backend;
typedef struct ir_comm ir_comm; /* comm/comm.h */
typedef struct ir_call ir_call; /* call.h */

/* A parameter's numbers on the host: [rows][channels][taps] in C order. A backend may keep the
 * weights of a convolution, their gradients and their moments as [rows][taps][channels]. */
typedef struct {
    size_t rows;
    int channels, taps; /* 1 and 1: in C order everywhere */
} ir_layout;

/* One operation of one backend.
 *
 * prepare runs once per call, at planning: shapes, fusions and inputs are known, memory is not. It
 * makes primitives in call->state and sets call->saved_bytes (kept from forward to backward) and
 * call->scratch_bytes (used during one call). backward writes or adds to the inputs' gradients, as
 * call->grad_use[] says, and overwrites its parameters' gradients. */
typedef struct {
    void (*prepare)(ir_backend *b, ir_call *call); /* may be NULL */
    void (*forward)(ir_backend *b, ir_call *call);
    void (*backward)(ir_backend *b, ir_call *call); /* NULL: no gradient */
    void (*release)(ir_backend *b, ir_call *call);  /* may be NULL */
    /* Computes call->value once more in backward, to the same bits, and changes nothing else. NULL:
     * forward does that. */
    void (*recompute)(ir_backend *b, ir_call *call);
    /* Runs before each forward pass and is never captured: what depends on the parameters' version
     * or on the step. May be NULL. */
    void (*refresh)(ir_backend *b, ir_call *call);
    /* Runs once, when a graph has been used often: times several algorithms and keeps the fastest.
     * It may overwrite values, gradients and scratch memory. May be NULL. */
    void (*tune)(ir_backend *b, ir_call *call);
} ir_op_table;

struct ir_backend {
    const char *name;      /* "cpu", "cuda" */
    const char *kind;      /* what else its bits depend on: "avx512", "tf32" */
    ir_comm *comm;         /* the other processes that train the same network; or NULL */
    size_t graphs_limit;   /* bytes of all graphs together before the oldest is dropped */
    size_t training_limit; /* bytes of a training graph before it recomputes values */
    bool in_place;         /* elementwise operations can work in place, forward and backward */
    int part_step; /* a CONCAT can compute an input that is a RESIZE if the input's channels and its
                      first channel are multiples of this; 0: never */
    const ir_op_table *const *op;      /* by ir_op */
    const ir_op_table *const *fp32_op; /* the same for calls whose inputs are fp32 */
    size_t (*tensor_bytes)(ir_backend *b, const ir_call *call);
    void *(*alloc)(ir_backend *b, size_t bytes); /* zeroed, aligned; dies when there is none */
    size_t (*available)(ir_backend *b);          /* memory that is left; NULL: not known */
    void (*free)(ir_backend *b, void *memory);
    /* A call's value or gradient, host side N x C x H x W in C order. */
    void (*put)(ir_backend *b, const ir_call *call, void *tensor, const float *nchw);
    void (*get)(ir_backend *b, const ir_call *call, const void *tensor, float *nchw);
    void (*clear)(ir_backend *b, void *memory, size_t bytes);
    /* Starts copying a call's value to the host. The next get of the call gives that value and
     * waits only for this copy; each further get belongs to the next fetch. NULL: there is nothing
     * to wait for. */
    void (*fetch)(ir_backend *b, ir_call *call);
    /* Parameters. */
    void (*write)(ir_backend *b, float *array, const float *host, ir_layout layout);
    void (*read)(ir_backend *b, const float *array, float *host, ir_layout layout);
    /* Optimizers on flat arrays. step_size = lr / (1-beta1^t), root_scale = 1 / sqrt(1-beta2^t):
     * m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; x -= step_size m / (sqrt(v) root_scale + eps) */
    void (*adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                 float step_size, double beta1, double beta2, float root_scale, float eps);
    void (*sgd)(ir_backend *b, float *x, const float *g, size_t count, float lr);
    /* Starts making x its sum over the processes of comm; sum_finish waits for all that were
     * started. As ir_comm_sum_start() and ir_comm_sum_finish(). */
    void (*sum_start)(ir_backend *b, float *x, size_t count);
    void (*sum_finish)(ir_backend *b);
    /* a += weight (x - a), as PyTorch's lerp: exactly x with weight 1. */
    void (*average)(ir_backend *b, float *a, const float *x, size_t count, float weight);
    /* For devices that work while the caller goes on; all NULL where work is done at once. Between
     * begin_capture and end_capture, operations do not run but are captured; replay runs them all.
     */
    void (*begin_capture)(ir_backend *b);
    void *(*end_capture)(ir_backend *b);
    void (*replay)(ir_backend *b, void *capture);
    void (*release_capture)(ir_backend *b, void *capture);
    void (*wait)(ir_backend *b); /* until all work is done */
    void (*close)(ir_backend *b);
};

/* Precision of products and activations.
 *
 * IR_FP32: all fp32. IR_TF32: a GPU rounds the factors of convolutions to ten bits; the CPU uses
 * fp32. IR_BF16: a GPU keeps everything but parameters and sums in bfloat16; the CPU rounds the
 * factors of large convolutions to it. IR_AUTO: TF32 on a GPU, and on the CPU bfloat16 for the
 * convolutions that are faster with it. */
typedef enum { IR_FP32, IR_TF32, IR_BF16, IR_AUTO } ir_precision;

typedef struct {
    const char *device; /* "auto", "cpu", "cuda", "cuda:N" */
    int threads;        /* of the CPU backend; 0 means all */
    ir_precision precision;
    bool fast;     /* a GPU may use algorithms whose results differ from run to run */
    ir_comm *comm; /* as ir_backend's */
} ir_backend_options;

/* Dies when the device is not available. "auto" is a GPU if the plug-in and a device are found, and
 * the CPU otherwise. */
ir_backend *ir_backend_open_as(ir_backend_options options);
/* The same with TF32 and nothing fast. */
ir_backend *ir_backend_open(const char *device, int threads);
void ir_backend_close(ir_backend *b);

/* For tests: the CPU backend with the kernels of an instruction set: "base" (SSE2, NEON), "avx2",
 * "avx512" or "portable" (base, without convolutions by oneDNN, as on machines other than x86-64);
 * NULL is the best of this machine. Returns NULL when the machine cannot run it. */
ir_backend *ir_cpu_backend_open(const ir_backend_options *options, const char *isa);

#endif
