/* One operation of a planned graph as a backend gets it: what it is, what it works on, and where
 * that lies. This is all that a backend knows of a graph; it calls nothing above it.
 *
 * A graph fills it before prepare, but for the places in memory, which are known when all
 * operations have said what they need, and what belongs to the pass that runs. */
#ifndef IR_CALL_H
#define IR_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "base/host_device.h"

typedef enum {
    IR_OP_INPUT,
#define IR_OPERATION(NAME, name, ...) IR_OP_##NAME,
#include "backend/ops.def"
#undef IR_OPERATION
    IR_OP_COUNT
} ir_op;

enum { IR_PARAM_DIMS = 4 };

/* A parameter, trained or not: an array with a name. */
typedef struct {
    char *name; /* without param/ or state/ */
    int ndim, dim[IR_PARAM_DIMS];
    size_t size, offset; /* elements; position in the flat array */
    int taps; /* of a convolution's weights: the last so many numbers are one channel's; else 1 */
    bool trained;
    float *value; /* backend memory; NULL before the first plan */
    float *grad;  /* NULL unless trained, and before ir_params_make_room() */
} ir_param;

/* What backward does with one input's gradient. */
typedef enum { IR_GRAD_NONE, IR_GRAD_WRITE, IR_GRAD_ADD } ir_grad_use;

/* A product that ADD and MUL are made of: scale in[whole] in[cover]. The cover may be smaller, one
 * number a channel, a pixel or an image; either may be missing, IR_NO_INPUT. */
typedef struct {
    int whole, cover;
    double scale;
} ir_term;

enum { IR_NO_INPUT = -1, IR_TERMS = 2 };

/* Which images of a batch these are, where other processes have the rest: up to `split` image n is
 * the batch's n + shift[0], from there on n + shift[1]. All zeros: they are the batch. */
typedef struct {
    int split, shift[2];
} ir_share;

/* A fused activation behind the operation itself: y < 0 ? slope * y : y. */
typedef struct {
    bool on;
    float slope;
} ir_activation;

/* A batch norm that follows the frames (graph/adaptation.h, backend/adapt.h). */
typedef struct {
    double rate;
    int window;
    int h, w;              /* the network's input */
    const ir_call *extent; /* N,1,1,2, exact: rows and columns of it that are not padding */
    double *seen;          /* backend memory: ir_adapt()'s, of each channel; NULL: it does not */
} ir_adapting;

struct ir_call {
    /* what the network said */
    ir_op op;
    ir_shape shape;
    bool training; /* batch statistics, dropout: anything but detection */

    /* attributes; which ones matter depends on op */
    int kernel, stride, pad, dilation;
    int kernel_h, kernel_w; /* DEFORM */
    bool depthwise, align_corners;
    int first;              /* SLICE: first channel; a part of a CONCAT: that which it has there */
    int group;              /* SOFT_IOU, BCE */
    bool spans;             /* SOFT_IOU, BCE: a group goes on in the other processes of comm */
    double scale;           /* SCALE; DROPOUT: probability p */
    ir_term term[IR_TERMS]; /* ADD, MUL */
    int terms;
    double slope;            /* LEAKY_RELU */
    double momentum, eps;    /* BATCHNORM */
    ir_param *weight, *bias; /* CONV2D, CONV_TRANSPOSE2D, LINEAR, BATCHNORM (gamma, beta) */
    ir_param *running_mean, *running_var; /* BATCHNORM */
    ir_adapting adapt;                    /* BATCHNORM */

    /* what it works on, after fusion */
    int inputs;
    ir_call **in;
    ir_activation activation; /* on CONV2D (detection only), BATCHNORM, ADD */
    ir_call *batchnorm;       /* CONV2D in detection: the batch norm folded into it, or NULL */
    ir_call **part;           /* CONCAT: per input the RESIZE that stands between, or NULL */
    const ir_call *whole;     /* such a RESIZE: the CONCAT that its value is a part of; or NULL */
    bool wants_grad;          /* some parameter or wanted input stands above it */
    bool centred; /* batch norm alone reads it and takes its mean away: its bias has no gradient */
    bool exact;   /* in single precision, whatever the backend keeps activations in */
    ir_grad_use *grad_use; /* per input */

    /* where: backend memory, tensor_bytes each; grad NULL when not wanted */
    float *value, *grad;
    void *saved,
        *scratch; /* of saved_bytes, from forward to backward; of scratch_bytes, for a call */
    size_t saved_bytes, scratch_bytes;

    /* of the pass that runs */
    uint64_t version;        /* of the parameters: another number whenever they have changed */
    uint32_t dropout_key[2]; /* DROPOUT: Philox key; element i uses counter (i/4,0,0,0), word i%4,
                                and is dropped when that word < p * 2^32 */
    ir_share share;          /* DROPOUT: of which image the element is, for its index */

    /* the backend's own */
    void *state;
    size_t state_bytes; /* of what is large in it */
};

/* A plug-in works with the programs that were built with the same call.h, backend.h and ops.def:
 * with this number, of which the first part is counted up when any of them changes its meaning. */
enum { IR_CALL_VERSION = 2 };
#define IR_INTERFACE                                                                               \
    ((uint64_t)IR_CALL_VERSION << 48 | (uint64_t)IR_OP_COUNT << 32 |                               \
     (uint64_t)sizeof(ir_call) << 16 | (uint64_t)sizeof(ir_backend))

/* What runs it. */
static inline const ir_op_table *ir_op_of(const ir_backend *b, const ir_call *call)
{
    return (call->inputs > 0 && call->in[0]->exact ? b->exact_op : b->op)[call->op];
}

static inline IR_HOST_DEVICE int ir_image_of_batch(const ir_share *share, int n)
{
    return n + share->shift[n >= share->split];
}

/* Where its numbers lie: a part's are those of the concatenation, from channel `first` on. */
static inline const ir_call *ir_call_home(const ir_call *call)
{
    return call->whole ? call->whole : call;
}

#endif
