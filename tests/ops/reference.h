/* The operations of graph/graph.h on a tape. Each returns its output; parameters are tensors that
 * the caller made (bias may be NULL). See tape.h. */
#ifndef IR_TESTS_REFERENCE_H
#define IR_TESTS_REFERENCE_H

#include "tape.h"

/* weight (out, in, k, k), depthwise (out, 1, k, k); transposed (in, out, k, k); bias (1, out, 1, 1)
 */
tensor *ref_conv2d(tape *t, tensor *x, tensor *weight, tensor *bias, ir_conv c);
/* weight (out, in, kh, kw); offset may be NULL */
tensor *ref_deform_conv2d(tape *t, tensor *x, tensor *offset, tensor *weight, tensor *bias);
tensor *ref_conv_transpose2d(tape *t, tensor *x, tensor *weight, tensor *bias, ir_conv c);
/* weight (out, in, 1, 1) */
tensor *ref_linear(tape *t, tensor *x, tensor *weight, tensor *bias);
/* All four (1, C, 1, 1). The step it made is the tape's last. */
tensor *ref_batchnorm(tape *t, tensor *x, tensor *weight, tensor *bias, tensor *running_mean,
                      tensor *running_var, double momentum);

tensor *ref_leaky_relu(tape *t, tensor *x, double slope);
/* ref_sigmoid() and the other IR_UNARY rows of ops.def. ref_gradient_magnitude() has no backward.
 */
#define IR_OPERATION(...)
#define IR_UNARY(NAME, name, ...) tensor *ref_##name(tape *t, tensor *x);
#include "backend/ops.def"
tensor *ref_add(tape *t, tensor *a, tensor *b);
tensor *ref_mul(tape *t, tensor *a, tensor *b, double scale);
tensor *ref_scale(tape *t, tensor *x, double factor);
/* key: ir_node_dropout_key()'s, or any where there is no node. The step it made is the tape's last.
 */
tensor *ref_dropout(tape *t, tensor *x, double p, const uint32_t key[2]);
tensor *ref_concat(tape *t, int count, tensor *const *x);
tensor *ref_slice(tape *t, tensor *x, int first, int channels);

tensor *ref_max_pool(tape *t, tensor *x, int kernel, int stride, int pad);
tensor *ref_avg_pool(tape *t, tensor *x, int kernel, int stride);
tensor *ref_resize(tape *t, tensor *x, int h, int w, bool align_corners);

tensor *ref_soft_iou(tape *t, tensor *p, tensor *y, int group);
tensor *ref_bce(tape *t, tensor *z, tensor *y, int group);
tensor *ref_irfft2(tape *t, tensor *x, int w);

/* One step of an optimizer on n numbers. step: 1 for the first. */
void ref_adam(size_t n, double *x, const double *g, double *m, double *v, double lr, double beta1,
              double beta2, double eps, long step);
void ref_sgd(size_t n, double *x, const double *g, double lr);
void ref_average(size_t n, double *a, const double *x, double weight); /* a += weight (x - a) */

#endif
