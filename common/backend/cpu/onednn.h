/* Convolutions by oneDNN on blocked activations, or on pixels of bfloat16. onednn.c is the only
 * file that knows its C API.
 *
 * One ir_dnn_conv holds the forward, backward-data and backward-weights primitives of one
 * convolution at one size. Channel counts are those in memory: multiples of the block (the caller
 * pads weights with zeros). A transposed convolution is the same object run the other way round. */
#ifndef IR_ONEDNN_H
#define IR_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ir_dnn ir_dnn; /* engine, stream, scratchpad */
typedef struct ir_dnn_conv ir_dnn_conv;

typedef struct {
    int n, ic, ih, iw, oc, oh, ow;
    int batch;                         /* ir_call's */
    int kernel, stride, pad, dilation; /* dilation 1: none */
    bool depthwise;                    /* ic == oc, one filter a channel */
    int block;                         /* 8 or 16 */
    bool bf16; /* activations are N,H,W,C: those that come in of bfloat16, results of floats */
    bool bias; /* forward adds one */
    bool activation; /* forward ends with y < 0 ? slope y : y */
    float slope;
} ir_dnn_shape;

enum { IR_DNN_FORWARD = 1, IR_DNN_DATA = 2, IR_DNN_WEIGHTS = 4 };

ir_dnn *ir_dnn_new(void);
void ir_dnn_free(ir_dnn *dnn);
/* How many primitives fell to oneDNN's reference implementations (a thousand times slower), and the
 * last one's description; for tests. */
int ir_dnn_slow(const ir_dnn *dnn, const char **description);

/* Whether oneDNN computes all of these directions of such a convolution of bfloat16 by matrix
 * instructions (AMX): anything else is slower than single precision. */
bool ir_dnn_has_bf16(ir_dnn *dnn, const ir_dnn_shape *shape, unsigned directions);
ir_dnn_conv *ir_dnn_conv_new(ir_dnn *dnn, const ir_dnn_shape *shape, unsigned directions);
void ir_dnn_conv_free(ir_dnn_conv *conv);
/* oihw: (oc, ic, k, k), or (oc, 1, k, k) when depthwise, in C order; repacked for every direction.
 */
void ir_dnn_conv_set_weights(ir_dnn_conv *conv, const float *oihw);
/* src and diff_dst: of floats, or of bfloat16 */
void ir_dnn_conv_forward(ir_dnn_conv *conv, const void *src, const float *bias, float *dst);
void ir_dnn_conv_backward_data(ir_dnn_conv *conv, const void *diff_dst, float *diff_src);
void ir_dnn_conv_backward_weights(ir_dnn_conv *conv, const void *src, const void *diff_dst,
                                  float *oihw);

#endif
