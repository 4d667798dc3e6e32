/* Convolutions through cuDNN: see convolve.h. */
#include "backend/cuda/convolve.h"

#include <stdlib.h>

enum { CANDIDATES = 8 };
static const size_t workspace_limit = (size_t)256 << 20;

struct convolve {
    cudnnTensorDescriptor_t src, dst, bias;
    cudnnFilterDescriptor_t weights;
    /* a direction each, since the kind of arithmetic belongs to the algorithm */
    cudnnConvolutionDescriptor_t forward, data, filter;
    cudnnActivationDescriptor_t identity, relu;
    cudnnConvolutionFwdAlgo_t forward_algorithm;
    cudnnConvolutionBwdDataAlgo_t data_algorithm;
    cudnnConvolutionBwdFilterAlgo_t filter_algorithm;
    bool deterministic, no_bias; /* no_bias: cuDNN cannot add one here */
    size_t workspace;
};

static cudnnTensorDescriptor_t tensor(ir_shape s, cudnnDataType_t type)
{
    cudnnTensorDescriptor_t t;
    IR_CUDNN(cudnnCreateTensorDescriptor(&t));
    IR_CUDNN(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, type, s.n, s.c, s.h, s.w));
    return t;
}

/* True single precision only where it is asked for: cuDNN takes TF32 otherwise. */
static cudnnMathType_t math_of(const ir_cuda *cuda)
{
    return cuda->precision == IR_FP32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
}

static cudnnConvolutionDescriptor_t descriptor(const ir_cuda *cuda, const convolution *w)
{
    cudnnConvolutionDescriptor_t d;
    IR_CUDNN(cudnnCreateConvolutionDescriptor(&d));
    IR_CUDNN(cudnnSetConvolution2dDescriptor(d, w->pad, w->pad, w->stride, w->stride, w->dilation,
                                             w->dilation, CUDNN_CROSS_CORRELATION,
                                             CUDNN_DATA_FLOAT));
    IR_CUDNN(cudnnSetConvolutionMathType(d, math_of(cuda)));
    return d;
}

static cudnnActivationDescriptor_t activation(cudnnActivationMode_t mode)
{
    cudnnActivationDescriptor_t a;
    IR_CUDNN(cudnnCreateActivationDescriptor(&a));
    IR_CUDNN(cudnnSetActivationDescriptor(a, mode, CUDNN_NOT_PROPAGATE_NAN, 0));
    return a;
}

/* The first of cuDNN's proposals, best first, that will do. */
template <class P>
static const P *first_fit(const convolve *c, const P *found, int count, size_t most)
{
    for (int i = 0; i < count; i++)
        if (found[i].status == CUDNN_STATUS_SUCCESS && found[i].memory <= most &&
            (!c->deterministic || found[i].determinism == CUDNN_DETERMINISTIC))
            return &found[i];
    return nullptr;
}

template <class P> static const P *need_fit(const convolve *c, const P *found, int count)
{
    const P *p = first_fit(c, found, count, workspace_limit);
    if (!p)
        ir_die("cuda: cuDNN has no algorithm for a convolution");
    return p;
}

/* An algorithm comes with its arithmetic, which may be another than was asked for. */
template <class P>
static void take(const ir_cuda *cuda, convolve *c, cudnnConvolutionDescriptor_t d, const P *p)
{
    IR_CUDNN(
        cudnnSetConvolutionMathType(d, cuda->precision == IR_FP32 ? CUDNN_FMA_MATH : p->mathType));
    if (p->memory > c->workspace)
        c->workspace = p->memory;
}

/* Adding a bias without a ReLU is documented for one algorithm alone. */
static const cudnnConvolutionFwdAlgo_t bias_algorithm =
    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;

static void leave_room_for_bias(ir_cuda *cuda, convolve *c)
{
    size_t bytes;
    if (cudnnGetConvolutionForwardWorkspaceSize(cuda->dnn, c->src, c->weights, c->forward, c->dst,
                                                bias_algorithm, &bytes) != CUDNN_STATUS_SUCCESS)
        return;
    if (bytes > c->workspace && bytes <= workspace_limit)
        c->workspace = bytes;
}

static void choose_forward(ir_cuda *cuda, convolve *c)
{
    cudnnConvolutionFwdAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnGetConvolutionForwardAlgorithm_v7(cuda->dnn, c->src, c->weights, c->forward,
                                                    c->dst, CANDIDATES, &count, found));
    c->forward_algorithm = need_fit(c, found, count)->algo;
    take(cuda, c, c->forward, need_fit(c, found, count));
    leave_room_for_bias(cuda, c);
}

static void choose_data(ir_cuda *cuda, convolve *c)
{
    cudnnConvolutionBwdDataAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnGetConvolutionBackwardDataAlgorithm_v7(cuda->dnn, c->weights, c->dst, c->data,
                                                         c->src, CANDIDATES, &count, found));
    c->data_algorithm = need_fit(c, found, count)->algo;
    take(cuda, c, c->data, need_fit(c, found, count));
}

static void choose_filter(ir_cuda *cuda, convolve *c)
{
    cudnnConvolutionBwdFilterAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnGetConvolutionBackwardFilterAlgorithm_v7(cuda->dnn, c->src, c->dst, c->filter,
                                                           c->weights, CANDIDATES, &count, found));
    c->filter_algorithm = need_fit(c, found, count)->algo;
    take(cuda, c, c->filter, need_fit(c, found, count));
}

convolve *convolve_new(ir_cuda *cuda, const convolution *what, unsigned directions,
                       bool deterministic)
{
    convolve *c = static_cast<convolve *>(ir_calloc(1, sizeof *c));
    const cudnnDataType_t type = cuda->storage->dnn_type;
    c->deterministic = deterministic;
    c->src = tensor(what->src, type);
    c->dst = tensor(what->dst, type);
    c->bias = tensor({1, what->dst.c, 1, 1}, CUDNN_DATA_FLOAT);
    IR_CUDNN(cudnnCreateFilterDescriptor(&c->weights));
    IR_CUDNN(cudnnSetFilter4dDescriptor(c->weights, type, CUDNN_TENSOR_NHWC, what->dst.c,
                                        what->src.c, what->kernel, what->kernel));
    c->forward = descriptor(cuda, what);
    c->data = descriptor(cuda, what);
    c->filter = descriptor(cuda, what);
    c->identity = activation(CUDNN_ACTIVATION_IDENTITY);
    c->relu = activation(CUDNN_ACTIVATION_RELU);
    c->no_bias = type != CUDNN_DATA_FLOAT;
    if (directions & CONVOLVE_FORWARD)
        choose_forward(cuda, c);
    if (directions & CONVOLVE_DATA)
        choose_data(cuda, c);
    if (directions & CONVOLVE_WEIGHTS)
        choose_filter(cuda, c);
    return c;
}

void convolve_free(convolve *c)
{
    if (!c)
        return;
    IR_CUDNN(cudnnDestroyTensorDescriptor(c->src));
    IR_CUDNN(cudnnDestroyTensorDescriptor(c->dst));
    IR_CUDNN(cudnnDestroyTensorDescriptor(c->bias));
    IR_CUDNN(cudnnDestroyFilterDescriptor(c->weights));
    IR_CUDNN(cudnnDestroyConvolutionDescriptor(c->forward));
    IR_CUDNN(cudnnDestroyConvolutionDescriptor(c->data));
    IR_CUDNN(cudnnDestroyConvolutionDescriptor(c->filter));
    IR_CUDNN(cudnnDestroyActivationDescriptor(c->identity));
    IR_CUDNN(cudnnDestroyActivationDescriptor(c->relu));
    free(c);
}

size_t convolve_workspace(const convolve *c)
{
    return c->workspace;
}

static const float one = 1, zero = 0;

void convolve_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y, bool add,
                      void *workspace)
{
    IR_CUDNN(cudnnConvolutionForward(cuda->dnn, &one, c->src, x, c->weights, w, c->forward,
                                     c->forward_algorithm, workspace, c->workspace,
                                     add ? &one : &zero, c->dst, y));
}

bool convolve_forward_bias(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                           const float *bias, bool relu, void *y, void *workspace)
{
    if (c->no_bias)
        return false;
    const cudnnConvolutionFwdAlgo_t algorithm = relu ? c->forward_algorithm : bias_algorithm;
    const cudnnStatus_t status = cudnnConvolutionBiasActivationForward(
        cuda->dnn, &one, c->src, x, c->weights, w, c->forward, algorithm, workspace, c->workspace,
        &zero, c->dst, y, c->bias, bias, relu ? c->relu : c->identity, c->dst, y);
    c->no_bias = status != CUDNN_STATUS_SUCCESS;
    return !c->no_bias;
}

void convolve_backward_data(ir_cuda *cuda, convolve *c, const void *dy, const void *w, void *dx,
                            bool add, void *workspace)
{
    IR_CUDNN(cudnnConvolutionBackwardData(cuda->dnn, &one, c->weights, w, c->dst, dy, c->data,
                                          c->data_algorithm, workspace, c->workspace,
                                          add ? &one : &zero, c->src, dx));
}

void convolve_backward_weights(ir_cuda *cuda, convolve *c, const void *x, const void *dy, void *dw,
                               void *workspace)
{
    IR_CUDNN(cudnnConvolutionBackwardFilter(cuda->dnn, &one, c->src, x, c->dst, dy, c->filter,
                                            c->filter_algorithm, workspace, c->workspace, &zero,
                                            c->weights, dw));
}

/* ---- by measurement ---------------------------------------------------------------------------*/

void convolve_tune_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y,
                           void *workspace)
{
    cudnnConvolutionFwdAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnFindConvolutionForwardAlgorithmEx(cuda->dnn, c->src, x, c->weights, w, c->forward,
                                                    c->dst, y, CANDIDATES, &count, found, workspace,
                                                    c->workspace));
    if (const auto *best = first_fit(c, found, count, c->workspace)) {
        c->forward_algorithm = best->algo;
        take(cuda, c, c->forward, best);
    }
}

void convolve_tune_backward(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                            const void *dy, void *dx, void *dw, void *workspace)
{
    int count;
    if (dx) {
        cudnnConvolutionBwdDataAlgoPerf_t found[CANDIDATES];
        IR_CUDNN(cudnnFindConvolutionBackwardDataAlgorithmEx(
            cuda->dnn, c->weights, w, c->dst, dy, c->data, c->src, dx, CANDIDATES, &count, found,
            workspace, c->workspace));
        if (const auto *best = first_fit(c, found, count, c->workspace)) {
            c->data_algorithm = best->algo;
            take(cuda, c, c->data, best);
        }
    }
    if (dw) {
        cudnnConvolutionBwdFilterAlgoPerf_t found[CANDIDATES];
        IR_CUDNN(cudnnFindConvolutionBackwardFilterAlgorithmEx(
            cuda->dnn, c->src, x, c->dst, dy, c->filter, c->weights, dw, CANDIDATES, &count, found,
            workspace, c->workspace));
        if (const auto *best = first_fit(c, found, count, c->workspace)) {
            c->filter_algorithm = best->algo;
            take(cuda, c, c->filter, best);
        }
    }
}
