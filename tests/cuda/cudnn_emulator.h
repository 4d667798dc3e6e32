/* Inside the emulated cuDNN: descriptors, and what its algorithms are. */
#ifndef EMULATED_CUDA_CUDNN_EMULATOR_H
#define EMULATED_CUDA_CUDNN_EMULATOR_H

#include "cudnn.h"
#include "emulator.h"

struct cudnnContext {
    int device;
    cudaStream_t stream;
};

/* all of one size: compared byte by byte */
struct cudnnTensorStruct {
    int set;
    cudnnDataType_t type;
    int n, c, h, w;
    int n_stride, c_stride, h_stride, w_stride;
};

/* stored like a tensor, k instead of n */
struct cudnnFilterStruct {
    cudnnTensorStruct as_tensor;
    cudnnTensorFormat_t format;
};

struct cudnnConvolutionStruct {
    bool set;
    int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w;
    bool flipped;
    int groups;
    cudnnMathType_t math;
};

struct cudnnActivationStruct {
    cudnnActivationMode_t mode;
    cudnnNanPropagation_t nan;
};

namespace emulated_cuda
{

enum direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

/* One convolution: the descriptors as they were when it was called. */
struct convolution {
    enum direction direction;
    cudnnTensorStruct x, y; /* or their gradients */
    cudnnFilterStruct w;
    cudnnConvolutionStruct how;
};

struct algorithm {
    int number;
    bool deterministic;
    enum { ALWAYS, ONLY_3X3, NEVER } supported;
};

/* CUDNN_STATUS_SUCCESS if the descriptors fit each other */
cudnnStatus_t check_convolution(const convolution &c);
/* the algorithm, or NULL if it cannot do this convolution */
const algorithm *find_algorithm(const convolution &c, int number);
size_t workspace_size(const convolution &c, int number);
/* does nothing but spoil the output, where the algorithms were tried */
cudnnStatus_t try_algorithms(cudnnHandle_t handle, const convolution &c, void *output);

size_t bytes_of(const cudnnTensorStruct &tensor);

} // namespace emulated_cuda

#endif
