/* One convolution at one size. It chooses the implementation: plane.c if one side has a single
 * channel; bf16.c if factors may be bfloat16 and the machine multiplies those; winograd.c and
 * winograd_gradient.c where they are faster; else oneDNN on blocked activations, or direct.c where
 * oneDNN is slow. Weights are (oc, ic, k, k) without padding; this file pads them to blocks. A
 * transposed convolution is this one run backwards. */
#ifndef IR_CONVOLVE_H
#define IR_CONVOLVE_H

#include "backend/cpu/onednn.h"
#include "kernel.h"

typedef struct {
    ir_shape src, dst;
    int batch; /* ir_call's */
    int kernel, stride, pad, dilation;
    unsigned direct; /* directions that must round as direct convolution does */
    /* the weights' parameter, and that of the batch norm folded into it; convolutions of a backend
     * that have both in common share packed weights, whatever their sizes */
    const void *weights_of, *folded;
    bool depthwise;
    bool bf16;                /* factors may be rounded to bfloat16 */
    bool bias;                /* forward adds one: convolve_set_bias() */
    ir_activation activation; /* ends forward */
} convolution;

typedef struct convolve convolve;

#define convolve_new           IR_NAME(ir_convolve_new)
#define convolve_free          IR_NAME(ir_convolve_free)
#define convolve_set_weights   IR_NAME(ir_convolve_set_weights)
#define convolve_set_bias      IR_NAME(ir_convolve_set_bias)
#define convolve_forward       IR_NAME(ir_convolve_forward)
#define convolve_backward      IR_NAME(ir_convolve_backward)
#define convolve_packed_bytes  IR_NAME(ir_convolve_packed_bytes)
#define convolve_scratch_bytes IR_NAME(ir_convolve_scratch_bytes)
#define convolve_adds          IR_NAME(ir_convolve_adds)

/* directions: IR_DNN_FORWARD | IR_DNN_DATA | IR_DNN_WEIGHTS. */
convolve *convolve_new(ir_backend *b, const convolution *what, unsigned directions);
void convolve_free(convolve *c);
/* Bytes of its packed weights, without those that it shares. */
size_t convolve_packed_bytes(const convolve *c);
/* Bytes of scratch memory that the functions below need, aligned as tensors are. */
size_t convolve_scratch_bytes(const convolve *c);
/* version: a new one for new numbers, never 0. */
void convolve_set_weights(convolve *c, const float *oihw, uint64_t version, void *scratch);
void convolve_set_bias(convolve *c, const float *bias);
void convolve_forward(convolve *c, const float *src, float *dst, void *scratch);
/* Whether convolve_backward() can add to diff_src. */
bool convolve_adds(const convolve *c);
/* The weights' gradient oihw and the data's diff_src; either may be NULL. add: diff_src += them. */
void convolve_backward(convolve *c, const float *src, const float *diff_dst, float *oihw,
                       float *diff_src, bool add, void *scratch);

/* ---- plane.c: one side is a plane (C = 1), the other has channels (or is a plane too) ---- */

typedef struct plane_conv plane_conv;

#define plane_conv_new      IR_NAME(ir_plane_conv_new)
#define plane_conv_free     IR_NAME(ir_plane_conv_free)
#define plane_conv_weights  IR_NAME(ir_plane_conv_weights)
#define plane_conv_expand   IR_NAME(ir_plane_conv_expand)
#define plane_conv_contract IR_NAME(ir_plane_conv_contract)
#define plane_conv_gradient IR_NAME(ir_plane_conv_gradient)

/* When src is the plane, dst is the wide side; otherwise src is. Weights: (wide channels, k, k).
 */
plane_conv *plane_conv_new(const convolution *what, int threads);
void plane_conv_free(plane_conv *c);
void plane_conv_weights(plane_conv *c, const float *weights);
/* wide[p,:] = bias + sum over taps of weights[:,tap] plane[partner of p]; bias and activation may
 * be NULL */
void plane_conv_expand(const plane_conv *c, const float *plane, const float *bias,
                       const ir_activation *activation, float *wide);
/* plane[p] = bias + sum over taps and channels of weights[c,tap] wide[partner of p,c] */
void plane_conv_contract(const plane_conv *c, const float *wide, const float *bias,
                         const ir_activation *activation, float *plane);
/* weights[c,tap] = sum over pixels of wide[p,c] plane[partner of p] */
void plane_conv_gradient(plane_conv *c, const float *wide, const float *plane, float *weights);

#endif
