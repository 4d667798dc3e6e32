/* A node from the inside: for graph/ and the backends, nobody else. */
#ifndef IR_NODE_H
#define IR_NODE_H

#include "graph/graph.h"

typedef enum {
    IR_OP_INPUT,
#define IR_OPERATION(NAME, name, ...) IR_OP_##NAME,
#include "graph/ops.def"
#undef IR_OPERATION
    IR_OP_COUNT
} ir_op;

/* What backward does with one input's gradient. */
typedef enum { IR_GRAD_NONE, IR_GRAD_WRITE, IR_GRAD_ADD } ir_grad_use;

/* A product that ADD and MUL are made of: scale in[whole] in[cover]. The cover may be smaller, one
 * number a channel, a pixel or an image; either may be missing, IR_NO_INPUT. */
typedef struct {
    int whole, cover;
    double scale;
} ir_term;

enum { IR_NO_INPUT = -1, IR_TERMS = 2 };

/* A fused activation behind the operation itself: y < 0 ? slope * y : y. */
typedef struct {
    bool on;
    float slope;
} ir_activation;

/* A batch norm that follows the frames (adaptation.h, backend/adapt.h). */
typedef struct {
    double rate;
    int window;
    int h, w;              /* the network's input */
    const ir_node *extent; /* N,1,1,2, exact: rows and columns of it that are not padding */
    double *seen;          /* backend memory: ir_adapt()'s, of each channel; NULL: it does not */
} ir_adapting;

struct ir_node {
    ir_op op;
    int index; /* position in the graph's order */
    ir_graph *graph;
    int inputs;
    ir_node *
        *in; /* after planning: the nodes that really produce the values (fused ones skipped) */
    ir_shape shape;

    /* attributes; which ones matter depends on op */
    int kernel, stride, pad, dilation;
    int kernel_h, kernel_w; /* DEFORM */
    bool depthwise, align_corners;
    int first;              /* SLICE: first channel; a part of a CONCAT: that which it has there */
    int group;              /* SOFT_IOU, BCE */
    double scale;           /* SCALE; DROPOUT: probability p */
    ir_term term[IR_TERMS]; /* ADD, MUL */
    int terms;
    double slope;            /* LEAKY_RELU */
    double momentum, eps;    /* BATCHNORM */
    ir_param *weight, *bias; /* CONV2D, CONV_TRANSPOSE2D, LINEAR, BATCHNORM (gamma, beta) */
    ir_param *running_mean, *running_var; /* BATCHNORM */
    ir_adapting adapt;                    /* BATCHNORM */

    /* decided by planning */
    ir_activation activation; /* on CONV2D (detection only), BATCHNORM, ADD */
    ir_node *batchnorm;       /* CONV2D in detection: the batch norm folded into it, or NULL */
    ir_node *alias;           /* fused away: its value is that node's */
    ir_node **part;           /* CONCAT: per input the RESIZE that stands between, or NULL */
    bool wants_grad;          /* some parameter or wanted input stands above it */
    bool centred; /* batch norm alone reads it and takes its mean away: its bias has no gradient */
    bool kept, seeded;
    bool exact;            /* in single precision, whatever the backend keeps activations in */
    ir_grad_use *grad_use; /* per input */
    float *value, *grad;   /* backend memory, tensor_bytes each; grad NULL when not wanted */
    float *place[2];       /* value's: in forward, and in backward where it is computed again */
    int over[2];           /* which place of in[0] that place is, or -1 */
    ir_node *grad_over;    /* the reader over whose gradient this one's is written, or NULL */
    int again;             /* it is so just before backward of the node of this index; or -1 */

    /* the backend's */
    void *state;
    size_t state_bytes; /* of what is large in it */
    void *saved, *scratch;
    size_t saved_bytes, scratch_bytes;
};

/* Where its numbers lie: a part's are those of the concatenation from channel `first` on. */
static inline const ir_node *ir_node_home(const ir_node *part)
{
    return part->alias ? part->alias : part;
}

/* What runs the node. */
static inline const ir_op_table *ir_op_of(const ir_backend *b, const ir_node *node)
{
    return (node->inputs > 0 && node->in[0]->exact ? b->exact_op : b->op)[node->op];
}
/* DROPOUT: Philox key for this node and step; element i of the node uses counter (i/4,0,0,0), word
 * i%4, and is dropped when that word < p * 2^32. */
void ir_node_dropout_key(const ir_node *node, uint32_t key[2]);
/* Goes up whenever the parameters change. */
uint64_t ir_node_weights_version(const ir_node *node);

#endif
