/* One convolution through cuDNN, in up to three directions. Descriptors, algorithms and workspace
 * are chosen once. Activations are N,H,W,C, weights out, k, k, in. Apart from its handle, only
 * cudnn_convolution.cu uses cuDNN. */
#ifndef IR_CUDNN_CONVOLUTION_H
#define IR_CUDNN_CONVOLUTION_H

#include "backend/cuda/cuda.h"

struct convolution {
    ir_shape src, dst;
    int kernel, stride, pad, dilation;
};

enum { CONVOLVE_FORWARD = 1, CONVOLVE_DATA = 2, CONVOLVE_WEIGHTS = 4 };

struct convolve;

/* Equal requests share one object, which each of them must free. deterministic: it uses only
 * algorithms that give the same bits every time. measured: it will be tuned, and its workspace is
 * large enough for that. */
convolve *convolve_new(ir_cuda *cuda, const convolution *what, unsigned directions,
                       bool deterministic, bool measured);
void convolve_free(ir_cuda *cuda, convolve *c);
size_t convolve_workspace(const convolve *c); /* bytes that every call below is given */

/* y = x * w, or += */
void convolve_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y, bool add,
                      void *workspace);
/* y = x * w + bias, with `relu` followed by ReLU. Where cuDNN has no such operation it does nothing
 * and returns false. bias: dst.c numbers in the same storage as the others. */
bool convolve_forward_bias(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                           const void *bias, bool relu, void *y, void *workspace);
void convolve_backward_data(ir_cuda *cuda, convolve *c, const void *dy, const void *w, void *dx,
                            bool add, void *workspace);
void convolve_backward_weights(ir_cuda *cuda, convolve *c, const void *x, const void *dy, void *dw,
                               void *workspace);

/* Time, once, all algorithms that fit the workspace, and keep the fastest. They overwrite y, dx and
 * dw. A direction whose pointers are NULL is left as it is. */
void convolve_tune_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y,
                           void *workspace);
void convolve_tune_backward(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                            const void *dy, void *dx, void *dw, void *workspace);

#endif
