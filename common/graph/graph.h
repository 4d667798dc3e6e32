/* Networks as graphs of operations.
 *
 * A network is a C function that calls the ir_... builders below on an input node. Shapes are
 * logical N, C, H, W; where the numbers lie in memory is the backend's business. A graph is built
 * for one input shape, planned once and run many times:
 *
 *     ir_graph *g = ir_graph_new(params, IR_TRAINING);
 *     ir_node *x = ir_input(g, (ir_shape){16, 1, 256, 256}, false);
 *     ir_node *p = ir_sigmoid(g, ir_acm(g, x, &options).head[0]);
 *     ir_graph_keep(g, p);
 *     ir_graph_plan(g);
 *     ir_node_put(g, x, images);
 *     ir_graph_forward(g);
 *     ir_node_get(g, p, probabilities);
 *
 * A builder dies on shapes that do not fit and names the operation and its scope: such a shape is a
 * bug in a network, not bad input. */
#ifndef IR_GRAPH_H
#define IR_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "params/params.h"

typedef struct ir_graph ir_graph;
typedef struct ir_node ir_node; /* an operation and its one output */

typedef enum {
    IR_TRAINING,  /* batch statistics, dropout; everything backward needs is kept */
    IR_DETECTION, /* running statistics, folded into the convolutions; no backward */
    IR_MEASURING  /* batch statistics, which become the running ones; no dropout, no backward */
} ir_mode;

/* Parameters made by several graphs of the same params are shared. */
ir_graph *ir_graph_new(ir_params *params, ir_mode mode);
void ir_graph_free(ir_graph *g);
ir_mode ir_graph_mode(const ir_graph *g);
ir_shape ir_node_shape(const ir_node *node);

/* Parameter names are relative to the scope, as in PyTorch's module tree:
 * ir_scope(g, "layer%d.%d", 1, 0) ... ir_end(g). */
void ir_scope(ir_graph *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ir_end(ir_graph *g);

/* Names a value, within the current scope, so that it can be asked for; returns node. A name costs
 * nothing: the value is kept only if somebody asks. */
ir_node *ir_feature(ir_graph *g, ir_node *node, const char *name);
int ir_graph_features(const ir_graph *g);
const char *ir_graph_feature_name(const ir_graph *g, int i);
ir_node *ir_graph_feature(const ir_graph *g, int i);

/* ---- operations ------------------------------------------------------------------------------ */

/* Filled by ir_node_put(). wants_grad: backward computes its gradient too (for tests). */
ir_node *ir_input(ir_graph *g, ir_shape shape, bool wants_grad);

typedef struct {
    int out;        /* output channels */
    int kernel;     /* square, odd or even */
    int stride;     /* 0 means 1 */
    int pad;        /* zeros on every side */
    int dilation;   /* 0 means 1 */
    bool depthwise; /* one filter a channel; out == channels of x */
    bool bias;
    double bias_init; /* with fixed_bias: the bias starts at this value */
    bool fixed_bias;
    bool balanced;      /* the weights start with signs +, -, +, - ... */
    double deviation;   /* not 0: the weights start normal with this standard deviation */
    const float *fixed; /* not NULL: these weights, which are state and never trained; no bias */
} ir_conv;
/* y[n,o,i,j] = bias[o] + sum_{c,u,v} weight[o,c,u,v] x[n,c,i*s+u*d-p,j*s+v*d-p]
 * NAME.weight (out, in, k, k), (out, 1, k, k) when depthwise; NAME.bias (out). H' =
 * (H+2p-d(k-1)-1)/s+1 */
ir_node *ir_conv2d(ir_graph *g, ir_node *x, const char *name, ir_conv c);
/* PyTorch's ConvTranspose2d: NAME.weight (in, out, k, k), H' = (H-1) s - 2p + k. No dilation. */
ir_node *ir_conv_transpose2d(ir_graph *g, ir_node *x, const char *name, ir_conv c);
typedef struct {
    int out;                /* output channels */
    int kernel_h, kernel_w; /* odd */
    bool zero;              /* weights and bias start at 0 */
} ir_deform;
/* Deformable convolution (Dai et al., Deformable Convolutional Networks, ICCV 2017) of stride 1,
 * padded by half a kernel with zeros:
 *     y[n,o,i,j] = bias[o] + sum_{c,u,v} weight[o,c,u,v] x(n, c, i+u-kh/2+dy, j+v-kw/2+dx)
 * where dy = offset[n,2t,i,j], dx = offset[n,2t+1,i,j] with t = u kw + v, in pixels, and x between
 * the pixels is bilinear, outside of the image 0. offset (N,2 kh kw,H,W), or NULL: a convolution
 * with a rectangular kernel. NAME.weight (out, in, kh, kw), NAME.bias (out). */
ir_node *ir_deform_conv2d(ir_graph *g, ir_node *x, ir_node *offset, const char *name, ir_deform d);
/* NAME.weight, NAME.bias; state NAME.running_mean, NAME.running_var. eps 1e-5. Training: batch
 * statistics (biased variance), running = (1-m) running + m batch (unbiased variance). Detection:
 * the running ones, or what adaptation.h makes of them. */
ir_node *ir_batchnorm(ir_graph *g, ir_node *x, const char *name, double momentum);
ir_node *ir_relu(ir_graph *g, ir_node *x);
ir_node *ir_leaky_relu(ir_graph *g, ir_node *x, double slope);
/* Of one input, without attributes: a builder for each IR_UNARY row of ops.def, which says what it
 * computes. ir_sigmoid(g, x) is one. */
#define IR_OPERATION(...)
#define IR_UNARY(NAME, name, ...) ir_node *ir_##name(ir_graph *g, ir_node *x);
#include "backend/ops.def"
/* a + b and scale * a * b. b has a's shape, or (N,C,1,1), or (N,1,H,W), or (N,1,1,1). */
ir_node *ir_add(ir_graph *g, ir_node *a, ir_node *b);
ir_node *ir_mul(ir_graph *g, ir_node *a, ir_node *b, double scale);
ir_node *ir_scale(ir_graph *g, ir_node *x, double factor);
ir_node *ir_concat(ir_graph *g, int count, ir_node *const *x); /* along C */
ir_node *ir_slice(ir_graph *g, ir_node *x, int first, int channels);
/* Maximum over windows (padding never wins; the first of equals does), mean over windows (padding
 * not allowed). H' = (H + 2p - k)/s + 1, rounded down. */
ir_node *ir_max_pool(ir_graph *g, ir_node *x, int kernel, int stride, int pad);
ir_node *ir_avg_pool(ir_graph *g, ir_node *x, int kernel, int stride);
/* Bilinear; both corner conventions as PyTorch's interpolate (no antialias). */
ir_node *ir_resize(ir_graph *g, ir_node *x, int h, int w, bool align_corners);
/* Training: zeroes with probability p, scales the rest by 1/(1-p). The element at logical index i
 * of this node is drawn by Philox with the graph's step key: the same on every backend. */
ir_node *ir_dropout(ir_graph *g, ir_node *x, double p);
/* x (N,C,1,1) -> (N,out,1,1). NAME.weight (out, in), NAME.bias (out). zero: both start at 0. */
ir_node *ir_linear(ir_graph *g, ir_node *x, const char *name, int out, bool zero);
/* The inverse of ir_rfft2(), divided by H W: (N,2C,H,W/2+1) -> (N,C,H,W). It needs to be told the
 * width, since W and W+1 share a spectrum. As numpy.fft.irfft2 it ignores the imaginary parts that
 * a real plane cannot have. */
ir_node *ir_irfft2(ir_graph *g, ir_node *x, int w);
/* Losses are always fp32. Only ir_add, ir_mul and ir_scale take losses, and what they compute from
 * losses is fp32 too. */
/* Soft-IoU loss 1 - (I + 1) / (P + Y - I + 1), I = sum p y, P = sum p, Y = sum y, the sums over
 * `group` images in a row (1: per image; N must be a multiple). p, y (N,1,H,W) -> (N/group,1,1,1).
 * y gets no gradient. */
ir_node *ir_soft_iou(ir_graph *g, ir_node *p, ir_node *y, int group);
/* Binary cross-entropy of sigmoid(z) against y, the mean over the pixels of `group` images in a
 * row: -y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)), finite for every z. Shapes as above. y may
 * be more than 1; it gets no gradient. */
ir_node *ir_bce(ir_graph *g, ir_node *logit, ir_node *y, int group);
/* Losses that are built from now on: where other processes train the same network, a group goes on
 * in theirs, and has one loss over all of it. */
void ir_graph_span_losses(ir_graph *g);
/* Before planning: the graph's images are some of a batch of so many, of which other processes have
 * the rest. Operations then choose their algorithms as one process with the whole batch would. */
void ir_graph_set_batch(ir_graph *g, int images);

/* ---- planning and running -------------------------------------------------------------------- */

/* The node's value will be asked for from outside. Before planning. */
void ir_graph_keep(ir_graph *g, ir_node *node);
/* Backward starts here, with a gradient given by ir_node_seed(). Before planning; several are
 * summed. */
void ir_graph_start_backward_at(ir_graph *g, ir_node *node);
/* A training graph that needs more memory than this recomputes in backward what is cheap to
 * compute, to the same bits. Before planning. */
void ir_graph_set_memory_limit(ir_graph *g, size_t bytes);
/* Drops the nodes that no kept or seeded node depends on, fuses, allocates, prepares. The first
 * plan allocates the parameters. */
void ir_graph_plan(ir_graph *g);

/* Keys everything that must differ from step to step, such as dropout. */
void ir_graph_set_step(ir_graph *g, uint64_t seed, uint64_t step);
/* Which images of the batch these are, until it is said again; before it is said, all of them. What
 * is drawn for an image depends on that. */
void ir_graph_set_share(ir_graph *g, ir_share share);
void ir_graph_forward(ir_graph *g);
/* Overwrites every trained parameter's gradient. */
void ir_graph_backward(ir_graph *g);

/* Host arrays, N x C x H x W floats in C order. put: inputs. get: inputs and kept nodes. */
void ir_node_put(ir_graph *g, ir_node *node, const float *nchw);
void ir_node_get(ir_graph *g, const ir_node *node, float *nchw);
/* Starts copying a kept value to the host. The next ir_node_get() of the node gives the value as it
 * is now and does not wait for later work of the device. After several fetches, the gets give their
 * values in the same order. */
void ir_node_fetch(ir_graph *g, ir_node *node);
void ir_node_seed(ir_graph *g, ir_node *node, const float *nchw);
void ir_node_get_grad(ir_graph *g, const ir_node *node, float *nchw); /* inputs that want it */

/* Activations, gradients, scratch memory, weights in layouts of its own. */
size_t ir_graph_bytes(const ir_graph *g);
double ir_graph_macs(const ir_graph *g); /* multiply-accumulates of a forward pass, all images */

#endif
