/* One convolution through cuDNN, in up to three directions: descriptors, algorithms and workspace
 * chosen once. Activations are N,H,W,C, weights out, k, k, in; of cuDNN only convolve.cu knows
 * more than its handle. */
#ifndef IR_CUDA_CONVOLVE_H
#define IR_CUDA_CONVOLVE_H

#include "backend/cuda/cuda.h"

struct convolution {
    ir_shape src, dst;
    int kernel, stride, pad, dilation;
};

enum { CONVOLVE_FORWARD = 1, CONVOLVE_DATA = 2, CONVOLVE_WEIGHTS = 4 };

struct convolve;

/* The same for all who ask for the same; free it as often. deterministic: only algorithms that give
 * the same bits every time. measured: it will be tuned, so that it has room for that. */
convolve *convolve_new(ir_cuda *cuda, const convolution *what, unsigned directions,
                       bool deterministic, bool measured);
void convolve_free(ir_cuda *cuda, convolve *c);
size_t convolve_workspace(const convolve *c); /* bytes that every call below is given */

/* y = x * w, or += */
void convolve_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y, bool add,
                      void *workspace);
/* y = x * w + bias, relu: what is below 0 becomes 0. False where cuDNN has no such thing; then
 * nothing was done. bias: dst.c numbers of the same kind as the others. */
bool convolve_forward_bias(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                           const void *bias, bool relu, void *y, void *workspace);
void convolve_backward_data(ir_cuda *cuda, convolve *c, const void *dy, const void *w, void *dx,
                            bool add, void *workspace);
void convolve_backward_weights(ir_cuda *cuda, convolve *c, const void *x, const void *dy, void *dw,
                               void *workspace);

/* Tries all algorithms that the workspace is enough for and keeps the fastest, once; y, dx and dw
 * are overwritten. A direction whose pointers are NULL is left as it is. */
void convolve_tune_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y,
                           void *workspace);
void convolve_tune_backward(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                            const void *dy, void *dx, void *dw, void *workspace);

#endif
