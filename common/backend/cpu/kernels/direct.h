/* Convolutions of whole blocks of channels by their definition, tap by tap. They are for those that
 * Winograd's algorithm does not suit, on machines where oneDNN has only reference implementations:
 * all but x86-64. The interface is that of backend/cpu/onednn.h. */
#ifndef IR_DIRECT_H
#define IR_DIRECT_H

#include "backend/cpu/onednn.h"
#include "kernel.h"

typedef struct direct direct;

#define direct_new              IR_NAME(ir_direct_new)
#define direct_free             IR_NAME(ir_direct_free)
#define direct_set_weights      IR_NAME(ir_direct_set_weights)
#define direct_forward          IR_NAME(ir_direct_forward)
#define direct_backward_data    IR_NAME(ir_direct_backward_data)
#define direct_backward_weights IR_NAME(ir_direct_backward_weights)

/* Channels of the shape are multiples of B. */
direct *direct_new(const ir_dnn_shape *shape, int threads);
void direct_free(direct *c);
/* oihw: (oc, ic, k, k), or (oc, 1, k, k) when depthwise. */
void direct_set_weights(direct *c, const float *oihw);
void direct_forward(const direct *c, const float *src, const float *bias, float *dst);
void direct_backward_data(const direct *c, const float *diff_dst, float *diff_src);
void direct_backward_weights(const direct *c, const float *src, const float *diff_dst, float *oihw);

#endif
