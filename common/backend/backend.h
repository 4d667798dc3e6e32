/* A backend: memory and, per operation, forward and backward, behind a table.
 *
 * Graphs call it through this table; programs only open one. Activations lie as the backend likes
 * (tensor_bytes, put and get convert), those of exact nodes in single precision; parameters are
 * plain C-order floats in its memory. */
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

/* A parameter's numbers on the host: [rows][channels][taps] in C order. Those of a convolution, and
 * what goes with them (gradients, moments), a backend may keep as [rows][taps][channels]. */
typedef struct {
    size_t rows;
    int channels, taps; /* 1 and 1: in C order everywhere */
} ir_layout;

/* One operation of one backend. prepare: once per call at planning, when shapes, fusions and inputs
 * are known and memory is not: makes primitives into call->state and says call->saved_bytes (kept
 * from forward to backward) and call->scratch_bytes (during one call). backward adds to or
 * overwrites the inputs' gradients as call->grad_use[] says and overwrites its parameters'
 * gradients. */
typedef struct {
    void (*prepare)(ir_backend *b, ir_call *call); /* may be NULL */
    void (*forward)(ir_backend *b, ir_call *call);
    void (*backward)(ir_backend *b, ir_call *call); /* NULL: no gradient */
    void (*release)(ir_backend *b, ir_call *call);  /* may be NULL */
    /* Makes call->value once more for backward, the same bits from the same inputs, and changes
     * nothing else. NULL: forward does just that. */
    void (*again)(ir_backend *b, ir_call *call);
    /* Before each forward pass, and never recorded: what depends on the parameters' version or on
     * the step. May be NULL. */
    void (*refresh)(ir_backend *b, ir_call *call);
    /* Once, when a graph has been used often: a chance to try out several ways and keep the
     * fastest. Values, gradients and scratch memory may be overwritten. May be NULL. */
    void (*tune)(ir_backend *b, ir_call *call);
} ir_op_table;

struct ir_backend {
    const char *name; /* "cpu", "cuda" */
    const char *kind; /* what else its bits depend on: "avx512", "tf32" */
    ir_comm *comm;    /* the other processes that train the same network; NULL: there are none */
    size_t room;      /* bytes that graphs may take together before the oldest is dropped */
    size_t training_room; /* bytes that a training graph may take before it keeps less */
    bool in_place; /* element by element, backward can write in[0]'s gradient over call->grad */
    int part_step; /* a concatenation can do a resizing whose channels, and those before it there,
                      are multiples of that many; 0: it cannot */
    const ir_op_table *const *op;       /* by ir_op */
    const ir_op_table *const *exact_op; /* the same for nodes whose inputs are exact */
    size_t (*tensor_bytes)(ir_backend *b, const ir_call *call);
    void *(*alloc)(ir_backend *b, size_t bytes); /* zeroed, aligned; dies when there is none */
    size_t (*available)(ir_backend *b);          /* memory that is left; NULL: not known */
    void (*free)(ir_backend *b, void *memory);
    /* A call's value or gradient, host side N x C x H x W in C order. */
    void (*put)(ir_backend *b, const ir_call *call, void *tensor, const float *nchw);
    void (*get)(ir_backend *b, const ir_call *call, const void *tensor, float *nchw);
    void (*clear)(ir_backend *b, void *memory, size_t bytes);
    /* Starts bringing a call's value to the host; the next get of it gives that value and waits for
     * that alone, the one after it that of the next fetch. NULL: there is nothing to wait for. */
    void (*fetch)(ir_backend *b, ir_call *call);
    /* Parameters. */
    void (*write)(ir_backend *b, float *array, const float *host, ir_layout layout);
    void (*read)(ir_backend *b, const float *array, float *host, ir_layout layout);
    /* Optimizers on flat arrays. step_size = lr / (1-beta1^t), root_scale = 1 / sqrt(1-beta2^t):
     * m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; x -= step_size m / (sqrt(v) root_scale + eps) */
    void (*adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                 float step_size, double beta1, double beta2, float root_scale, float eps);
    void (*sgd)(ir_backend *b, float *x, const float *g, size_t count, float lr);
    /* x becomes its sum over the processes of comm, as ir_comm_sum() makes it. */
    void (*sum)(ir_backend *b, float *x, size_t count);
    /* a += weight (x - a), as PyTorch's lerp: exactly x with weight 1. */
    void (*average)(ir_backend *b, float *a, const float *x, size_t count, float weight);
    /* For devices that work while the caller goes on; all NULL where work is done at once. Between
     * record and recorded, operations are not run but remembered; replay runs them all. */
    void (*record)(ir_backend *b);
    void *(*recorded)(ir_backend *b);
    void (*replay)(ir_backend *b, void *recording);
    void (*forget)(ir_backend *b, void *recording);
    void (*wait)(ir_backend *b); /* for all that was asked for */
    void (*close)(ir_backend *b);
};

/* How the products of convolutions are computed and activations kept: single precision throughout;
 * products of numbers rounded to ten bits (TF32), which to the CPU is single precision; or
 * bfloat16. With that a GPU keeps everything but parameters and sums in it; the CPU rounds what
 * large convolutions multiply, and keeps the rest as it is. IR_AUTO: TF32 on a GPU, bfloat16 for
 * those of the CPU's convolutions that are faster with it. */
typedef enum { IR_FP32, IR_TF32, IR_BF16, IR_AUTO } ir_precision;

typedef struct {
    const char *device; /* "auto", "cpu", "cuda", "cuda:N" */
    int threads;        /* of the CPU backend; 0 means all */
    ir_precision precision;
    bool fast;     /* a GPU may use what does not give the same bits every time */
    ir_comm *comm; /* as ir_backend's */
} ir_backend_options;

/* Dies when the device is not to be had. "auto" is a GPU where the plug-in and a device are found,
 * else the CPU. */
ir_backend *ir_backend_open_as(ir_backend_options options);
/* The same with TF32 and nothing fast. */
ir_backend *ir_backend_open(const char *device, int threads);
void ir_backend_close(ir_backend *b);

/* The CPU backend with kernels for a given instruction set: "base" (SSE2, NEON), "avx2",
 * "avx512", "portable" (base, and no convolution by oneDNN, as on other machines than x86-64), or
 * NULL for the best this machine has. For tests; NULL when the machine cannot run it. */
ir_backend *ir_cpu_backend_open(const ir_backend_options *options, const char *isa);

#endif
