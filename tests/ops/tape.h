/* The reference: operations in plain C, in double, on N x C x H x W arrays in C order.
 *
 * A tape is a list of operations in the order in which they were called. Forward runs them in that
 * order, backward in the opposite one; every operation's backward adds to its inputs' gradients, so
 * that a value with several consumers needs no further care. The operations are written to be read
 * beside their equations in graph/graph.h and to share nothing with a backend. */
#ifndef IR_TESTS_TAPE_H
#define IR_TESTS_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"

typedef struct {
    ir_shape shape;
    size_t size;
    double *v; /* value */
    double *g; /* gradient */
    bool leaf; /* an input or a parameter: exactly the floats that the backend gets */
} tensor;

typedef struct step step;

typedef struct {
    const char *name;
    void (*forward)(const step *s);
    void (*backward)(
        const step *s); /* adds to the gradients of in[], weight and bias; NULL: none */
    /* How far (least) the values are from a place where a rounding error makes all the difference,
     * such as where the gradient jumps; NULL: there is none. Exact ties are no such place: the
     * first of equals wins in any arithmetic. */
    double (*margin)(const step *s);
} reference_op;

/* One call of an operation. Attributes as in graph/node.h; those that an operation has not are 0.
 */
struct step {
    const reference_op *op;
    bool training;
    int inputs;
    tensor **in, *out;
    tensor *weight, *bias;              /* weight (out, in, k, k) and the like; bias (1, C, 1, 1) */
    tensor *running_mean, *running_var; /* batchnorm: what forward reads */
    tensor *next_mean, *next_var;       /* and, in training, what it makes of them */
    int kernel, stride, pad, dilation;
    bool depthwise, align_corners;
    int first, group;
    double scale, slope, momentum;
    uint32_t key[2]; /* dropout */
};

typedef struct {
    bool training;
    bool rounded; /* every value and gradient is rounded to float on the way */
    int tensors, steps;
    tensor **tensor;
    step **step;
} tape;

void tape_free(tape *t);
tensor *tape_tensor(tape *t, ir_shape shape);
/* A new step (which stays where it is) with its inputs and an output of that shape; the caller
 * fills in the attributes. */
step *tape_step(tape *t, const reference_op *op, int inputs, tensor *const *in, ir_shape out);
void tape_forward(tape *t);
/* From the gradients that the caller put into seed[i]->g by way of tape_zero_grads(). */
void tape_backward(tape *t);
void tape_zero_grads(tape *t);
/* The smallest margin of all steps whose input is computed (or, with leaves, of all). */
double tape_margin(const tape *t, bool leaves);

static inline size_t shape_size(ir_shape s)
{
    return (size_t)s.n * (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

/* Position of element (n, c, i, j). */
static inline size_t at(ir_shape s, int n, int c, int i, int j)
{
    return (((size_t)n * (size_t)s.c + (size_t)c) * (size_t)s.h + (size_t)i) * (size_t)s.w +
           (size_t)j;
}

#endif
