/* One operation of a planned graph as a backend gets it: what it is, what it works on, and where
 * its values lie. A backend knows nothing else of a graph and calls nothing above it.
 *
 * The graph fills in a call before prepare, except for two parts: the places in memory, which are
 * known after every operation has said what it needs, and what belongs to the pass that runs. */
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
    IR_OP_COUNT
} ir_op;

enum { IR_PARAM_DIMS = 4 };

/* A parameter, trained or not: an array with a name. */
typedef struct {
    char *name; /* without param/ or state/ */
    int ndim, dim[IR_PARAM_DIMS];
    size_t size, offset; /* elements; position in the flat array */
    int taps;            /* convolution weights: numbers per pair of channels; else 1 */
    bool trained;
    float *value; /* backend memory; NULL before the first plan */
    float *grad;  /* NULL unless trained, and before ir_params_allocate_gradients() */
} ir_param;

/* What backward does with one input's gradient. */
typedef enum { IR_GRAD_NONE, IR_GRAD_WRITE, IR_GRAD_ADD } ir_grad_use;

/* ADD and MUL are sums of such products: scale in[full] in[broadcast]. The full operand has the
 * output's shape. The broadcast operand has it too, or has one number per channel, pixel or image.
 * Either may be absent, IR_NO_INPUT. */
typedef struct {
    int full, broadcast;
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
    const ir_call *extent; /* N,1,1,2, fp32: rows and columns of it that are not padding */
    double *seen;          /* backend memory: each channel's history; NULL: it does not adapt */
} ir_adapting;

struct ir_call {
    /* what the network said */
    ir_op op;
    ir_shape shape;
    int batch; /* images of the whole batch: shape.n, or more where other processes have the rest.
                  Choose algorithms by it, and these processes compute what one does. */
    bool training; /* batch statistics, dropout: anything but detection */

    /* attributes; which ones matter depends on op */
    int kernel, stride, pad, dilation;
    int kernel_h, kernel_w; /* DEFORM */
    bool depthwise, align_corners;
    int first;    /* SLICE: first channel; a fused RESIZE: its first channel in the CONCAT */
    int group;    /* SOFT_IOU, BCE */
    bool spans;   /* SOFT_IOU, BCE: a group goes on in the other processes of comm */
    double scale; /* SCALE; DROPOUT: probability p */
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
    ir_call **part;           /* CONCAT: for each input the RESIZE that is fused into it, or NULL */
    const ir_call *whole;     /* such a RESIZE: the CONCAT that holds its value; or NULL */
    bool wants_grad;          /* it depends on a parameter, or on an input that wants one */
    bool bias_cancelled;   /* only a batch norm reads it, which subtracts its mean: no gradient of
                              the bias */
    bool fp32;             /* kept in fp32, whatever the format of activations */
    ir_grad_use *grad_use; /* per input */

    /* where it lies in backend memory */
    float *value, *grad;   /* tensor_bytes each; grad NULL when not wanted */
    void *saved, *scratch; /* kept from forward to backward; for the time of one call */
    size_t saved_bytes, scratch_bytes;

    /* of the pass that runs */
    uint64_t version;        /* of the parameters: a new number after each change */
    uint32_t dropout_key[2]; /* DROPOUT: Philox key; element i uses counter (i/4,0,0,0), word i%4,
                                and is dropped when that word < p * 2^32 */
    ir_share share;          /* DROPOUT: of which image the element is, for its index */

    /* the backend's own */
    void *state;
    size_t state_bytes; /* of its large parts, for the count of memory */
};

/* A plug-in works only with programs that were built with the same call.h, backend.h and ops.def:
 * those with the same IR_INTERFACE. Raise IR_CALL_VERSION when one of these files changes its
 * meaning but not its sizes. */
enum { IR_CALL_VERSION = 2 };
#define IR_INTERFACE                                                                               \
    ((uint64_t)IR_CALL_VERSION << 48 | (uint64_t)IR_OP_COUNT << 32 |                               \
     (uint64_t)sizeof(ir_call) << 16 | (uint64_t)sizeof(ir_backend))

/* The functions that run the call. */
static inline const ir_op_table *ir_op_of(const ir_backend *b, const ir_call *call)
{
    return (call->inputs > 0 && call->in[0]->fp32 ? b->fp32_op : b->op)[call->op];
}

static inline IR_HOST_DEVICE int ir_image_of_batch(const ir_share *share, int n)
{
    return n + share->shift[n >= share->split];
}

/* The call whose memory holds the value: a fused RESIZE's is the CONCAT's, from channel `first` on.
 */
static inline const ir_call *ir_call_home(const ir_call *call)
{
    return call->whole ? call->whole : call;
}

#endif
