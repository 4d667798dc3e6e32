/* A convolution whose products are of numbers rounded to bfloat16; sums are in single precision,
 * and so is what comes out. Only where the machine multiplies matrices of bfloat16 (AMX): elsewhere
 * convolve.c rounds what it multiplies and goes the ways of single precision, which gives the same
 * numbers but for the order of the sums.
 *
 * oneDNN has these convolutions on pixels alone, N,H,W,C. An image's pixels are made on the way in
 * and put back into blocks on the way out; with one block of channels the two are the same. */
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

/* Whether a convolution has so many products a pixel that rounding its pixels pays; the same on
 * every machine. */
bool bf16_suits(const convolution *what);
/* to[i] is from[i] rounded to the nearest bfloat16, to even. to may be from. */
void bf16_round(float *to, const float *from, size_t count);

/* shape: as for oneDNN on blocks. NULL where the machine or its oneDNN cannot do all of these
 * directions well. */
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
