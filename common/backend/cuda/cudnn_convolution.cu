/* Convolutions through cuDNN: see cudnn_convolution.h. */
#include "backend/cuda/cudnn_convolution.h"

#include <stdlib.h>
#include <string.h>

/* An algorithm is listed once for each kind of arithmetic. */
enum { CANDIDATES = 32 };
/* Bytes reserved at most for an algorithm that measuring might choose. */
static const size_t spare_limit = (size_t)64 << 20;

struct convolve {
    convolution what;
    unsigned directions, tuned;
    bool deterministic, measured, no_bias; /* no_bias: cuDNN cannot add one here */
    int users;
    convolve *next;
    cudnnTensorDescriptor_t src, dst, bias;
    cudnnFilterDescriptor_t weights;
    /* one for each direction, since each algorithm has its kind of arithmetic */
    cudnnConvolutionDescriptor_t forward, data, filter;
    cudnnActivationDescriptor_t identity, relu;
    cudnnConvolutionFwdAlgo_t forward_algorithm;
    cudnnConvolutionBwdDataAlgo_t data_algorithm;
    cudnnConvolutionBwdFilterAlgo_t filter_algorithm;
    size_t workspace;
};

static cudnnTensorDescriptor_t tensor(ir_shape s, cudnnDataType_t type)
{
    cudnnTensorDescriptor_t t;
    IR_CUDNN(cudnnCreateTensorDescriptor(&t));
    IR_CUDNN(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, type, s.n, s.c, s.h, s.w));
    return t;
}

/* Products of floats are in TF32, unless IR_FP32 asks for single precision. */
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

/* ---- which algorithm --------------------------------------------------------------------------*/

/* Bytes that an algorithm may use although another needs less. Tensor cores take channels by fours
 * or eights. Other numbers are padded, in a copy of everything; algorithms without such a copy do
 * not use tensor cores. Not a share of the free memory: the choice must be the same in every run.
 */
static size_t workspace_limit(void)
{
    const size_t least = (size_t)256 << 20;
    size_t there, all;
    IR_CUDA(cudaMemGetInfo(&there, &all));
    return all / 32 > least ? all / 32 : least;
}

static cudnnStatus_t ask_workspace(ir_cuda *cuda, const convolve *c, cudnnConvolutionFwdAlgo_t a,
                                   size_t *bytes)
{
    return cudnnGetConvolutionForwardWorkspaceSize(cuda->dnn, c->src, c->weights, c->forward,
                                                   c->dst, a, bytes);
}

static cudnnStatus_t ask_workspace(ir_cuda *cuda, const convolve *c,
                                   cudnnConvolutionBwdDataAlgo_t a, size_t *bytes)
{
    return cudnnGetConvolutionBackwardDataWorkspaceSize(cuda->dnn, c->weights, c->dst, c->data,
                                                        c->src, a, bytes);
}

static cudnnStatus_t ask_workspace(ir_cuda *cuda, const convolve *c,
                                   cudnnConvolutionBwdFilterAlgo_t a, size_t *bytes)
{
    return cudnnGetConvolutionBackwardFilterWorkspaceSize(cuda->dnn, c->src, c->dst, c->filter,
                                                          c->weights, a, bytes);
}

template <class P> static bool will_do(const convolve *c, const P &p)
{
    return p.status == CUDNN_STATUS_SUCCESS &&
           (!c->deterministic || p.determinism == CUDNN_DETERMINISTIC);
}

/* The first of cuDNN's proposals, best first, that needs no more than so much memory. */
template <class P>
static const P *first_fit(const convolve *c, const P *found, int count, size_t most)
{
    for (int i = 0; i < count; i++)
        if (will_do(c, found[i]) && found[i].memory <= most)
            return &found[i];
    return nullptr;
}

/* For when all need too much: the one that needs least. */
template <class P> static const P *least_memory(const convolve *c, const P *found, int count)
{
    const P *least = nullptr;
    for (int i = 0; i < count; i++)
        if (will_do(c, found[i]) && (!least || found[i].memory < least->memory))
            least = &found[i];
    return least;
}

/* Dies with all that cuDNN said, in one line. */
template <class P>
[[noreturn]] static void no_algorithm(const convolve *c, const char *direction, const P *found,
                                      int count)
{
    const ir_shape s = c->what.src, d = c->what.dst;
    char list[1024] = "";
    for (int i = 0, at = 0; i < count && at < (int)sizeof list - 64; i++)
        at += snprintf(list + at, sizeof list - (size_t)at, " %d (%s%s, %zu MiB)",
                       (int)found[i].algo, found[i].status ? "not supported" : "supported",
                       found[i].determinism == CUDNN_DETERMINISTIC ? "" : ", not deterministic",
                       found[i].memory >> 20);
    ir_die("cuda: cuDNN has no algorithm for %s of a convolution of %dx%dx%dx%d to %dx%dx%dx%d, "
           "kernel %d; it lists%s",
           direction, s.n, s.c, s.h, s.w, d.n, d.c, d.h, d.w, c->what.kernel,
           count ? list : " none");
}

/* An algorithm comes with its kind of arithmetic, which may differ from what was asked for. */
static void set_math(const ir_cuda *cuda, cudnnConvolutionDescriptor_t d, cudnnMathType_t math)
{
    IR_CUDNN(cudnnSetConvolutionMathType(d, cuda->precision == IR_FP32 ? CUDNN_FMA_MATH : math));
}

static void reserve(convolve *c, size_t bytes)
{
    if (bytes > c->workspace)
        c->workspace = bytes;
}

/* Sets the algorithm. Where the list has none it is `usual`, which according to cuDNN's manual is
 * deterministic and takes all shapes. */
template <class P, class A>
static void settle(ir_cuda *cuda, convolve *c, cudnnConvolutionDescriptor_t d,
                   const char *direction, const P *found, int count, A usual, A *algorithm)
{
    const P *p = first_fit(c, found, count, workspace_limit());
    if (!p)
        p = least_memory(c, found, count);
    *algorithm = p ? p->algo : usual;
    if (p)
        set_math(cuda, d, p->mathType);
    /* The list may have been made for another arithmetic than the one that is set now. */
    size_t bytes = 0;
    if (ask_workspace(cuda, c, *algorithm, &bytes) != CUDNN_STATUS_SUCCESS && !p)
        no_algorithm(c, direction, found, count);
    reserve(c, bytes);
    if (p)
        reserve(c, p->memory);
    for (int i = 0; i < count && c->measured; i++)
        if (will_do(c, found[i]) && found[i].memory <= spare_limit)
            reserve(c, found[i].memory);
}

/* According to its manual, cuDNN adds a bias without a ReLU by this algorithm only. */
static const cudnnConvolutionFwdAlgo_t bias_algorithm =
    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;

/* With a bias an algorithm needs more than it says: where it pads channels, it pads the bias too.
 * Without that memory cuDNN refuses, and the bias costs another pass over the result. */
static void leave_space_for_bias(ir_cuda *cuda, convolve *c)
{
    size_t bytes;
    if (ask_workspace(cuda, c, bias_algorithm, &bytes) == CUDNN_STATUS_SUCCESS &&
        bytes <= workspace_limit())
        reserve(c, bytes);
    c->workspace += ((size_t)c->what.dst.c + 128) * sizeof(float);
}

static void choose_forward(ir_cuda *cuda, convolve *c)
{
    cudnnConvolutionFwdAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnGetConvolutionForwardAlgorithm_v7(cuda->dnn, c->src, c->weights, c->forward,
                                                    c->dst, CANDIDATES, &count, found));
    settle(cuda, c, c->forward, "forward", found, count,
           CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, &c->forward_algorithm);
    leave_space_for_bias(cuda, c);
}

static void choose_data(ir_cuda *cuda, convolve *c)
{
    cudnnConvolutionBwdDataAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnGetConvolutionBackwardDataAlgorithm_v7(cuda->dnn, c->weights, c->dst, c->data,
                                                         c->src, CANDIDATES, &count, found));
    settle(cuda, c, c->data, "the data's gradient", found, count, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
           &c->data_algorithm);
}

static void choose_filter(ir_cuda *cuda, convolve *c)
{
    cudnnConvolutionBwdFilterAlgoPerf_t found[CANDIDATES];
    int count;
    IR_CUDNN(cudnnGetConvolutionBackwardFilterAlgorithm_v7(cuda->dnn, c->src, c->dst, c->filter,
                                                           c->weights, CANDIDATES, &count, found));
    settle(cuda, c, c->filter, "the weights' gradient", found, count,
           CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, &c->filter_algorithm);
}

/* ---- one for each shape -----------------------------------------------------------------------*/

static void describe(ir_cuda *cuda, convolve *c)
{
    const convolution *what = &c->what;
    const cudnnDataType_t type = cuda->storage->dnn_type;
    c->src = tensor(what->src, type);
    c->dst = tensor(what->dst, type);
    c->bias = tensor({1, what->dst.c, 1, 1}, type);
    IR_CUDNN(cudnnCreateFilterDescriptor(&c->weights));
    IR_CUDNN(cudnnSetFilter4dDescriptor(c->weights, type, CUDNN_TENSOR_NHWC, what->dst.c,
                                        what->src.c, what->kernel, what->kernel));
    c->forward = descriptor(cuda, what);
    c->data = descriptor(cuda, what);
    c->filter = descriptor(cuda, what);
    c->identity = activation(CUDNN_ACTIVATION_IDENTITY);
    c->relu = activation(CUDNN_ACTIVATION_RELU);
}

convolve *convolve_new(ir_cuda *cuda, const convolution *what, unsigned directions,
                       bool deterministic, bool measured)
{
    for (convolve *c = cuda->convolves; c; c = c->next)
        if (memcmp(&c->what, what, sizeof *what) == 0 && c->directions == directions &&
            c->deterministic == deterministic && c->measured == measured) {
            c->users++;
            return c;
        }
    convolve *c = static_cast<convolve *>(ir_calloc(1, sizeof *c));
    c->what = *what;
    c->directions = directions;
    c->deterministic = deterministic;
    c->measured = measured;
    c->users = 1;
    c->next = cuda->convolves;
    cuda->convolves = c;
    describe(cuda, c);
    if (directions & CONVOLVE_FORWARD)
        choose_forward(cuda, c);
    if (directions & CONVOLVE_DATA)
        choose_data(cuda, c);
    if (directions & CONVOLVE_WEIGHTS)
        choose_filter(cuda, c);
    return c;
}

static void take_out(ir_cuda *cuda, const convolve *c)
{
    convolve **at = &cuda->convolves;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
}

void convolve_free(ir_cuda *cuda, convolve *c)
{
    if (!c || --c->users > 0)
        return;
    take_out(cuda, c);
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
                           const void *bias, bool relu, void *y, void *workspace)
{
    if (c->no_bias)
        return false;
    const cudnnConvolutionFwdAlgo_t algorithm = relu ? c->forward_algorithm : bias_algorithm;
    const cudnnStatus_t status = cudnnConvolutionBiasActivationForward(
        cuda->dnn, &one, c->src, x, c->weights, w, c->forward, algorithm, workspace, c->workspace,
        &zero, c->dst, y, c->bias, bias, relu ? c->relu : c->identity, c->dst, y);
    const int category = CUDNN_STATUS_CATEGORY(status);
    c->no_bias = category == CUDNN_STATUS_NOT_SUPPORTED || category == CUDNN_STATUS_BAD_PARAM;
    if (!c->no_bias)
        ir_cudnn_check(status, "cudnnConvolutionBiasActivationForward");
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

/* Takes the fastest, unless with its arithmetic it needs more than the workspace. */
template <class P, class A>
static void adopt(ir_cuda *cuda, convolve *c, cudnnConvolutionDescriptor_t d, const P *found,
                  int count, A *algorithm)
{
    const P *best = first_fit(c, found, count, c->workspace);
    cudnnMathType_t before;
    size_t bytes = 0;
    if (!best)
        return;
    IR_CUDNN(cudnnGetConvolutionMathType(d, &before));
    set_math(cuda, d, best->mathType);
    if (ask_workspace(cuda, c, best->algo, &bytes) == CUDNN_STATUS_SUCCESS && bytes > c->workspace)
        set_math(cuda, d, before);
    else
        *algorithm = best->algo;
}

/* Whether a direction is still to be measured: that is done once for all nodes of this shape. */
static bool is_first(convolve *c, unsigned direction)
{
    const bool first = !(c->tuned & direction);
    c->tuned |= direction;
    return first;
}

void convolve_tune_forward(ir_cuda *cuda, convolve *c, const void *x, const void *w, void *y,
                           void *workspace)
{
    cudnnConvolutionFwdAlgoPerf_t found[CANDIDATES];
    int count;
    if (!is_first(c, CONVOLVE_FORWARD))
        return;
    IR_CUDNN(cudnnFindConvolutionForwardAlgorithmEx(cuda->dnn, c->src, x, c->weights, w, c->forward,
                                                    c->dst, y, CANDIDATES, &count, found, workspace,
                                                    c->workspace));
    adopt(cuda, c, c->forward, found, count, &c->forward_algorithm);
}

static void tune_data(ir_cuda *cuda, convolve *c, const void *w, const void *dy, void *dx,
                      void *workspace)
{
    cudnnConvolutionBwdDataAlgoPerf_t found[CANDIDATES];
    int count;
    if (!is_first(c, CONVOLVE_DATA))
        return;
    IR_CUDNN(cudnnFindConvolutionBackwardDataAlgorithmEx(cuda->dnn, c->weights, w, c->dst, dy,
                                                         c->data, c->src, dx, CANDIDATES, &count,
                                                         found, workspace, c->workspace));
    adopt(cuda, c, c->data, found, count, &c->data_algorithm);
}

static void tune_weights(ir_cuda *cuda, convolve *c, const void *x, const void *dy, void *dw,
                         void *workspace)
{
    cudnnConvolutionBwdFilterAlgoPerf_t found[CANDIDATES];
    int count;
    if (!is_first(c, CONVOLVE_WEIGHTS))
        return;
    IR_CUDNN(cudnnFindConvolutionBackwardFilterAlgorithmEx(cuda->dnn, c->src, x, c->dst, dy,
                                                           c->filter, c->weights, dw, CANDIDATES,
                                                           &count, found, workspace, c->workspace));
    adopt(cuda, c, c->filter, found, count, &c->filter_algorithm);
}

void convolve_tune_backward(ir_cuda *cuda, convolve *c, const void *x, const void *w,
                            const void *dy, void *dx, void *dw, void *workspace)
{
    if (dx)
        tune_data(cuda, c, w, dy, dx, workspace);
    if (dw)
        tune_weights(cuda, c, x, dy, dw, workspace);
}
