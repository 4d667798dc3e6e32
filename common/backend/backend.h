/* A backend: memory and, per operation, forward and backward, behind a table.
 *
 * Graphs call it through this table; programs only open one. Activations lie as the backend likes
 * (tensor_bytes, put and get convert); parameters are plain C-order floats in its memory. */
#ifndef IR_BACKEND_H
#define IR_BACKEND_H

#include <stddef.h>
#include <stdint.h>

typedef struct ir_backend ir_backend;
struct ir_node; /* graph/node.h */

/* One operation of one backend. prepare: once per node at planning, when shapes, fusions and inputs
 * are known and memory is not: makes primitives into node->state and says node->saved_bytes (kept
 * from forward to backward) and node->scratch_bytes (during one call). backward adds to or
 * overwrites the inputs' gradients as node->grad_use[] says and overwrites its parameters'
 * gradients. */
typedef struct {
    void (*prepare)(ir_backend *b, struct ir_node *node); /* may be NULL */
    void (*forward)(ir_backend *b, struct ir_node *node);
    void (*backward)(ir_backend *b, struct ir_node *node); /* NULL: no gradient */
    void (*release)(ir_backend *b, struct ir_node *node);  /* may be NULL */
    /* Makes node->value once more for backward, the same bits from the same inputs, and changes
     * nothing else. NULL: forward does just that. */
    void (*again)(ir_backend *b, struct ir_node *node);
} ir_op_table;

struct ir_backend {
    const char *name;             /* "cpu" */
    const ir_op_table *const *op; /* by ir_op */
    size_t (*tensor_bytes)(ir_backend *b, int n, int c, int h, int w);
    void *(*alloc)(ir_backend *b, size_t bytes); /* zeroed, aligned; dies when there is none */
    void (*free)(ir_backend *b, void *memory);
    /* Activations, host side N x C x H x W in C order. */
    void (*put)(ir_backend *b, void *tensor, int n, int c, int h, int w, const float *nchw);
    void (*get)(ir_backend *b, const void *tensor, int n, int c, int h, int w, float *nchw);
    void (*clear)(ir_backend *b, void *memory, size_t bytes);
    /* Plain arrays (parameters). */
    void (*write)(ir_backend *b, float *array, const float *host, size_t count);
    void (*read)(ir_backend *b, const float *array, float *host, size_t count);
    /* Optimizers on flat arrays. step_size = lr / (1-beta1^t), root_scale = 1 / sqrt(1-beta2^t):
     * m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; x -= step_size m / (sqrt(v) root_scale + eps) */
    void (*adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                 float step_size, double beta1, double beta2, float root_scale, float eps);
    void (*sgd)(ir_backend *b, float *x, const float *g, size_t count, float lr);
    void (*close)(ir_backend *b);
};

/* device: "auto", "cpu", "cuda", "cuda:N". threads: of the CPU backend; 0 means all. Dies when the
 * device is not to be had. */
ir_backend *ir_backend_open(const char *device, int threads);
void ir_backend_close(ir_backend *b);

/* The CPU backend with kernels for a given instruction set: "base", "avx2", "avx512", or NULL for
 * the best this machine has. For tests; NULL when the machine cannot run it. */
ir_backend *ir_cpu_backend_open(int threads, const char *isa);

#endif
