/* Convolutions 3x3 of stride 1, padded by 1, by Winograd's algorithm (Winograd 1980; Lavin and
 * Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016). A tile of m x m results of
 * one pair of channels takes (m+2)^2 multiplications instead of 9 m^2:
 *
 *     Y = A' ((G g G') * (B' d B)) A,     d: (m+2)^2 samples, g: the filter, *: element by element,
 *
 * where A' is applied after the sum over the channels. The weights' gradient is
 *
 *     dg = G' (sum over tiles of (B' d B) * (A dY A')) G.
 *
 * The matrices are those of the points 0, +-1 and infinity for m = 2, and 0, +-5/8, +-3/2 and
 * infinity for m = 4, which round less than the usual 1 and 2. Relative errors (2-norm): 1e-7 for
 * m = 2, as of direct convolution; up to 1e-6 for m = 4. */
#ifndef IR_WINOGRAD_H
#define IR_WINOGRAD_H

#include "convolve.h"

typedef struct winograd winograd;
typedef struct winograd_gradient winograd_gradient;

#define winograd_directions             IR_NAME(ir_winograd_directions)
#define winograd_new                    IR_NAME(ir_winograd_new)
#define winograd_free                   IR_NAME(ir_winograd_free)
#define winograd_set_weights            IR_NAME(ir_winograd_set_weights)
#define winograd_run                    IR_NAME(ir_winograd_run)
#define winograd_gradient_new           IR_NAME(ir_winograd_gradient_new)
#define winograd_gradient_free          IR_NAME(ir_winograd_gradient_free)
#define winograd_scratch_bytes          IR_NAME(ir_winograd_scratch_bytes)
#define winograd_gradient_scratch_bytes IR_NAME(ir_winograd_gradient_scratch_bytes)
#define winograd_gradient_run           IR_NAME(ir_winograd_gradient_run)

/* The directions (IR_DNN_FORWARD, ...) in which the algorithm suits this convolution and is faster.
 */
unsigned winograd_directions(const convolution *what);

/* ---- winograd.c: forward, and backward to the data ---- */

/* What happens to a result y: z = y + bias, times slope where that is negative; dst = z or += z.
 * bias: one for each channel in memory, or NULL. */
typedef struct {
    const float *bias;
    float slope;
    bool add;
} winograd_end;

winograd *winograd_new(ir_backend *b, const convolution *what, unsigned direction);
void winograd_free(winograd *c);
/* oihw: (oc, ic, 3, 3) of the convolution's logical channels. */
void winograd_set_weights(winograd *c, const float *oihw, uint64_t version);
size_t winograd_scratch_bytes(const winograd *c);
void winograd_run(const winograd *c, const float *src, winograd_end end, float *dst,
                  float *scratch);

/* ---- winograd_gradient.c: backward to the weights ---- */

winograd_gradient *winograd_gradient_new(const convolution *what, int threads);
void winograd_gradient_free(winograd_gradient *c);
size_t winograd_gradient_scratch_bytes(const winograd_gradient *c);
void winograd_gradient_run(const winograd_gradient *c, const float *src, const float *diff_dst,
                           float *oihw, void *scratch);

#endif
