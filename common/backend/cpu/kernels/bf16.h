/* A convolution that multiplies numbers rounded to bfloat16; sums and results are in single
 * precision. It is used only where the machine multiplies matrices of bfloat16 (AMX). Elsewhere
 * convolve.c rounds what it multiplies and uses the algorithms of single precision, which give the
 * same numbers but for the order of the sums.
 *
 * oneDNN has these convolutions only for the layout N,H,W,C. An image is copied to that layout, and
 * the result back into blocks; with one block of channels the two layouts are the same. */
#ifndef IR_BF16_H
#define IR_BF16_H

#include "convolve.h"

typedef struct bf16_conv bf16_conv;

#define bf16_suits         IR_NAME(ir_bf16_suits)
#define bf16_new           IR_NAME(ir_bf16_new)
#define bf16_free          IR_NAME(ir_bf16_free)
#define bf16_packed_bytes  IR_NAME(ir_bf16_packed_bytes)
#define bf16_scratch_bytes IR_NAME(ir_bf16_scratch_bytes)
#define bf16_set_weights   IR_NAME(ir_bf16_set_weights)
#define bf16_forward       IR_NAME(ir_bf16_forward)
#define bf16_backward      IR_NAME(ir_bf16_backward)
#define bf16_round         IR_NAME(ir_bf16_round)

/* Whether a convolution has enough products a pixel to make rounding worth while. The answer is the
 * same on every machine. */
bool bf16_suits(const convolution *what);
/* to[i] = from[i] rounded to the nearest bfloat16, ties to even. `to` may be `from`. */
void bf16_round(float *to, const float *from, size_t count);

/* shape: as for oneDNN on blocks. NULL where the machine or its oneDNN is slow at one of these
 * directions. */
bf16_conv *bf16_new(ir_backend *b, const convolution *what, const ir_dnn_shape *shape,
                    unsigned directions);
void bf16_free(bf16_conv *c);
/* As convolve.h's, with weights whose channels are padded to blocks. */
size_t bf16_packed_bytes(const bf16_conv *c);
size_t bf16_scratch_bytes(const bf16_conv *c);
void bf16_set_weights(bf16_conv *c, const float *padded);
void bf16_forward(bf16_conv *c, const float *src, const float *bias, float *dst, void *scratch);
/* Either result may be NULL. padded: weights of whole blocks of channels; it is not in scratch. */
void bf16_backward(bf16_conv *c, const float *src, const float *diff_dst, float *padded,
                   float *diff_src, bool add, void *scratch);

#endif
