/* The emulated cuDNN's handles and descriptors. */
#include "cudnn_emulator.h"

using namespace emulated_cuda;

size_t emulated_cuda::bytes_of(const cudnnTensorStruct &t)
{
    const size_t last =
        (size_t)(t.n - 1) * (size_t)t.n_stride + (size_t)(t.c - 1) * (size_t)t.c_stride +
        (size_t)(t.h - 1) * (size_t)t.h_stride + (size_t)(t.w - 1) * (size_t)t.w_stride;
    return (last + 1) * (t.type == CUDNN_DATA_FLOAT ? sizeof(float) : sizeof(uint16_t));
}

size_t cudnnGetVersion(void)
{
    return CUDNN_VERSION;
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    switch (status) {
    case CUDNN_STATUS_SUCCESS:
        return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_NOT_INITIALIZED:
        return "CUDNN_STATUS_NOT_INITIALIZED";
    case CUDNN_STATUS_BAD_PARAM:
        return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER:
        return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
    case CUDNN_STATUS_NOT_SUPPORTED:
        return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_INTERNAL_ERROR:
        return "CUDNN_STATUS_INTERNAL_ERROR";
    case CUDNN_STATUS_EXECUTION_FAILED:
        return "CUDNN_STATUS_EXECUTION_FAILED";
    }
    return "CUDNN_UNKNOWN_STATUS";
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    const auto locked = lock();
    if (unusable() || capture_forbids())
        return CUDNN_STATUS_NOT_INITIALIZED;
    *handle = new cudnnContext{current_device(), nullptr};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    delete handle;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    const auto locked = lock();
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!handle || !s || s->device != handle->device)
        return CUDNN_STATUS_BAD_PARAM;
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- tensors --------------------------------------------------------------------------------- */

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *tensor)
{
    *tensor = new cudnnTensorStruct();
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor)
{
    delete tensor;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensor, cudnnDataType_t type,
                                           int n, int c, int h, int w, int n_stride, int c_stride,
                                           int h_stride, int w_stride)
{
    if (!tensor || n < 1 || c < 1 || h < 1 || w < 1 || n_stride < 1 || c_stride < 1 ||
        h_stride < 1 || w_stride < 1)
        return CUDNN_STATUS_BAD_PARAM;
    if (type != CUDNN_DATA_FLOAT && type != CUDNN_DATA_BFLOAT16)
        return CUDNN_STATUS_NOT_SUPPORTED;
    *tensor = {true, type, n, c, h, w, n_stride, c_stride, h_stride, w_stride};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w)
{
    if (format == CUDNN_TENSOR_NHWC)
        return cudnnSetTensor4dDescriptorEx(tensor, type, n, c, h, w, c * h * w, 1, c * w, c);
    return cudnnSetTensor4dDescriptorEx(tensor, type, n, c, h, w, c * h * w, h * w, w, 1);
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *filter)
{
    *filter = new cudnnFilterStruct();
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter)
{
    delete filter;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w)
{
    if (!filter)
        return CUDNN_STATUS_BAD_PARAM;
    filter->format = format;
    return cudnnSetTensor4dDescriptor(&filter->as_tensor, format, type, k, c, h, w);
}

/* ---- convolutions, activations --------------------------------------------------------------- */

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *convolution)
{
    *convolution = new cudnnConvolutionStruct();
    (*convolution)->groups = 1;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution)
{
    delete convolution;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h,
                                              int pad_w, int stride_h, int stride_w, int dilation_h,
                                              int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute_type)
{
    if (!convolution || pad_h < 0 || pad_w < 0 || stride_h < 1 || stride_w < 1 || dilation_h < 1 ||
        dilation_w < 1)
        return CUDNN_STATUS_BAD_PARAM;
    if (compute_type != CUDNN_DATA_FLOAT)
        return CUDNN_STATUS_NOT_SUPPORTED;
    *convolution = {true,
                    pad_h,
                    pad_w,
                    stride_h,
                    stride_w,
                    dilation_h,
                    dilation_w,
                    mode == CUDNN_CONVOLUTION,
                    convolution->groups,
                    convolution->math};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups)
{
    if (!convolution || groups < 1)
        return CUDNN_STATUS_BAD_PARAM;
    convolution->groups = groups;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution,
                                          cudnnMathType_t math)
{
    if (!convolution || math < CUDNN_DEFAULT_MATH || math > CUDNN_FMA_MATH)
        return CUDNN_STATUS_BAD_PARAM;
    convolution->math = math;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionMathType(cudnnConvolutionDescriptor_t convolution,
                                          cudnnMathType_t *math)
{
    if (!convolution || !math)
        return CUDNN_STATUS_BAD_PARAM;
    *math = convolution->math;
    return CUDNN_STATUS_SUCCESS;
}

static int output_size(int size, int pad, int filter, int dilation, int stride)
{
    const int room = size + 2 * pad - ((filter - 1) * dilation + 1);
    return room < 0 ? 0 : room / stride + 1;
}

cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(const cudnnConvolutionDescriptor_t how,
                                                    const cudnnTensorDescriptor_t x,
                                                    const cudnnFilterDescriptor_t filter, int *n,
                                                    int *c, int *h, int *w)
{
    const cudnnTensorStruct &f = filter->as_tensor;
    if (!how->set || !x->set || !f.set || x->c != f.c * how->groups || f.n % how->groups)
        return CUDNN_STATUS_BAD_PARAM;
    *n = x->n;
    *c = f.n;
    *h = output_size(x->h, how->pad_h, f.h, how->dilation_h, how->stride_h);
    *w = output_size(x->w, how->pad_w, f.w, how->dilation_w, how->stride_w);
    return CUDNN_STATUS_SUCCESS;
}

static bool stride_is(int size, int stride, int expected)
{
    return size == 1 || stride == expected;
}

/* whether the numbers lie as the format has it; sides of length 1 do not matter */
static bool lies_as(const cudnnTensorStruct &t, cudnnTensorFormat_t format)
{
    if (format == CUDNN_TENSOR_NHWC)
        return stride_is(t.c, t.c_stride, 1) && stride_is(t.w, t.w_stride, t.c) &&
               stride_is(t.h, t.h_stride, t.c * t.w) && stride_is(t.n, t.n_stride, t.c * t.w * t.h);
    return stride_is(t.w, t.w_stride, 1) && stride_is(t.h, t.h_stride, t.w) &&
           stride_is(t.c, t.c_stride, t.w * t.h) && stride_is(t.n, t.n_stride, t.w * t.h * t.c);
}

cudnnStatus_t emulated_cuda::check_convolution(const convolution &c)
{
    cudnnTensorStruct x = c.x;
    cudnnFilterStruct w = c.w;
    cudnnConvolutionStruct how = c.how;
    int size[4];
    if (!c.y.set || x.type != w.as_tensor.type || x.type != c.y.type)
        return CUDNN_STATUS_BAD_PARAM;
    if (const cudnnStatus_t status = cudnnGetConvolution2dForwardOutputDim(
            &how, &x, &w, &size[0], &size[1], &size[2], &size[3]))
        return status;
    if (c.y.n != size[0] || c.y.c != size[1] || c.y.h != size[2] || c.y.w != size[3])
        return CUDNN_STATUS_BAD_PARAM;
    if (!lies_as(x, w.format) || !lies_as(c.y, w.format))
        return CUDNN_STATUS_NOT_SUPPORTED;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t *activation)
{
    *activation = new cudnnActivationStruct();
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t activation)
{
    delete activation;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activation,
                                           cudnnActivationMode_t mode, cudnnNanPropagation_t nan,
                                           double)
{
    if (!activation)
        return CUDNN_STATUS_BAD_PARAM;
    *activation = {mode, nan};
    return CUDNN_STATUS_SUCCESS;
}
