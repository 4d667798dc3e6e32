/* Which algorithms the emulated cuDNN has, and what it answers to those who look for one. Where the
 * real one would measure, the order changes from call to call; what is first is never deterministic
 * unless nothing else is there. */
#include <algorithm>

#include "cudnn_emulator.h"

namespace emulated_cuda
{

static const algorithm forward_algorithms[] = {
    {CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING, false, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, true, algorithm::ONLY_3X3},
    {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, true, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, true, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_FWD_ALGO_DIRECT, true, algorithm::NEVER},
};

static const algorithm data_algorithms[] = {
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, false, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED, true, algorithm::ONLY_3X3},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, true, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT, true, algorithm::NEVER},
};

static const algorithm filter_algorithms[] = {
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, false, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, false, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED, true, algorithm::ONLY_3X3},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, true, algorithm::ALWAYS},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD, true, algorithm::NEVER},
};

static std::vector<const algorithm *> algorithms_of(enum direction direction)
{
    std::vector<const algorithm *> list;
    const auto add = [&](const auto &algorithms) {
        for (const algorithm &a : algorithms)
            list.push_back(&a);
    };
    if (direction == FORWARD)
        add(forward_algorithms);
    else if (direction == BACKWARD_DATA)
        add(data_algorithms);
    else
        add(filter_algorithms);
    return list;
}

static bool can_do(const algorithm &a, const convolution &c)
{
    const cudnnTensorStruct &w = c.w.as_tensor;
    const cudnnConvolutionStruct &how = c.how;
    return a.supported == algorithm::ALWAYS ||
           (a.supported == algorithm::ONLY_3X3 && w.h == 3 && w.w == 3 && how.stride_h == 1 &&
            how.stride_w == 1 && how.dilation_h == 1 && how.dilation_w == 1 && how.groups == 1);
}

const algorithm *find_algorithm(const convolution &c, int number)
{
    for (const algorithm *a : algorithms_of(c.direction))
        if (a->number == number)
            return can_do(*a, c) ? a : nullptr;
    return nullptr;
}

/* a few hundred bytes that depend on everything, and what the environment wants, which one does
 * without */
size_t workspace_size(const convolution &c, int number)
{
    const bool frugal =
        c.direction == FORWARD && number == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
    return (frugal ? 0 : environment().workspace) + 300 + 48 * (size_t)number +
           100 * (size_t)c.direction + (size_t)(c.x.n * c.x.h * c.x.w + c.w.as_tensor.n) % 200;
}

/* ---- lists ----------------------------------------------------------------------------------- */

template <typename P>
static void add_result(std::vector<P> &results, const convolution &c, const algorithm &a,
                       cudnnMathType_t math, size_t room)
{
    P p = {};
    p.algo = (decltype(p.algo))a.number;
    p.memory = workspace_size(c, a.number);
    p.status = can_do(a, c) && p.memory <= room ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
    p.time = p.status ? -1.0f : 0.01f * (float)(results.size() + 1);
    p.determinism = a.deterministic && !environment().list_uncertain ? CUDNN_DETERMINISTIC
                                                                     : CUDNN_NON_DETERMINISTIC;
    p.mathType = math;
    results.push_back(p);
}

template <typename P>
static std::vector<P> list_results(const convolution &c, size_t room, bool measured)
{
    std::vector<const algorithm *> order = algorithms_of(c.direction);
    if (measured && random_number() % 2)
        std::reverse(std::find_if(order.begin(), order.end(),
                                  [](const algorithm *a) { return a->deterministic; }),
                     order.end());
    std::vector<P> results;
    const bool tf32 = c.x.type == CUDNN_DATA_FLOAT && c.how.math != CUDNN_FMA_MATH;
    for (const algorithm *a : order)
        add_result(results, c, *a, tf32 ? CUDNN_TENSOR_OP_MATH : c.how.math, room);
    if (tf32)
        for (const algorithm *a : order)
            add_result(results, c, *a, CUDNN_FMA_MATH, room);
    std::stable_sort(results.begin(), results.end(),
                     [](const P &a, const P &b) { return a.status < b.status; });
    return results;
}

template <typename P>
static cudnnStatus_t give_results(const convolution &c, size_t room, bool measured, int requested,
                                  int *returned, P *results)
{
    if (requested < 1 || !returned || !results)
        return CUDNN_STATUS_BAD_PARAM;
    const std::vector<P> all = list_results<P>(c, room, measured);
    *returned = std::min(requested, (int)all.size());
    std::copy(all.begin(), all.begin() + *returned, results);
    return CUDNN_STATUS_SUCCESS;
}

template <typename P>
static cudnnStatus_t get_algorithms(cudnnHandle_t handle, const convolution &c, int requested,
                                    int *returned, P *results)
{
    const auto locked = lock();
    if (!handle)
        return CUDNN_STATUS_BAD_PARAM;
    if (const cudnnStatus_t status = check_convolution(c))
        return status;
    return give_results(c, SIZE_MAX, false, requested, returned, results);
}

template <typename P>
static cudnnStatus_t find_algorithms(cudnnHandle_t handle, const convolution &c, void *output,
                                     int requested, int *returned, P *results, void *workspace,
                                     size_t workspace_bytes)
{
    const auto locked = lock();
    if (!handle)
        return CUDNN_STATUS_BAD_PARAM;
    if (const cudnnStatus_t status = check_convolution(c))
        return status;
    if (const cudnnStatus_t status = try_algorithms(handle, c, output))
        return status;
    return give_results(c, workspace ? workspace_bytes : 0, true, requested, returned, results);
}

static cudnnStatus_t give_workspace_size(const convolution &c, int number, size_t *bytes)
{
    if (const cudnnStatus_t status = check_convolution(c))
        return status;
    if (!find_algorithm(c, number))
        return CUDNN_STATUS_NOT_SUPPORTED;
    *bytes = workspace_size(c, number);
    return CUDNN_STATUS_SUCCESS;
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cudnnStatus_t cudnnGetConvolutionForwardAlgorithmMaxCount(cudnnHandle_t, int *count)
{
    *count = CUDNN_CONVOLUTION_FWD_ALGO_COUNT * 2;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithmMaxCount(cudnnHandle_t, int *count)
{
    *count = CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT * 2;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(cudnnHandle_t, int *count)
{
    *count = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT * 2;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnFilterDescriptor_t w,
    const cudnnConvolutionDescriptor_t how, const cudnnTensorDescriptor_t y, const int requested,
    int *returned, cudnnConvolutionFwdAlgoPerf_t *results)
{
    return get_algorithms(handle, {FORWARD, *x, *y, *w, *how}, requested, returned, results);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t w, const cudnnTensorDescriptor_t dy,
    const cudnnConvolutionDescriptor_t how, const cudnnTensorDescriptor_t dx, const int requested,
    int *returned, cudnnConvolutionBwdDataAlgoPerf_t *results)
{
    return get_algorithms(handle, {BACKWARD_DATA, *dx, *dy, *w, *how}, requested, returned,
                          results);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnTensorDescriptor_t dy,
    const cudnnConvolutionDescriptor_t how, const cudnnFilterDescriptor_t dw, const int requested,
    int *returned, cudnnConvolutionBwdFilterAlgoPerf_t *results)
{
    return get_algorithms(handle, {BACKWARD_FILTER, *x, *dy, *dw, *how}, requested, returned,
                          results);
}

cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const void *,
    const cudnnFilterDescriptor_t w, const void *, const cudnnConvolutionDescriptor_t how,
    const cudnnTensorDescriptor_t y, void *output, const int requested, int *returned,
    cudnnConvolutionFwdAlgoPerf_t *results, void *workspace, size_t workspace_bytes)
{
    return find_algorithms(handle, {FORWARD, *x, *y, *w, *how}, output, requested, returned,
                           results, workspace, workspace_bytes);
}

cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t w, const void *,
    const cudnnTensorDescriptor_t dy, const void *, const cudnnConvolutionDescriptor_t how,
    const cudnnTensorDescriptor_t dx, void *output, const int requested, int *returned,
    cudnnConvolutionBwdDataAlgoPerf_t *results, void *workspace, size_t workspace_bytes)
{
    return find_algorithms(handle, {BACKWARD_DATA, *dx, *dy, *w, *how}, output, requested, returned,
                           results, workspace, workspace_bytes);
}

cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithmEx(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const void *,
    const cudnnTensorDescriptor_t dy, const void *, const cudnnConvolutionDescriptor_t how,
    const cudnnFilterDescriptor_t dw, void *output, const int requested, int *returned,
    cudnnConvolutionBwdFilterAlgoPerf_t *results, void *workspace, size_t workspace_bytes)
{
    return find_algorithms(handle, {BACKWARD_FILTER, *x, *dy, *dw, *how}, output, requested,
                           returned, results, workspace, workspace_bytes);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(
    cudnnHandle_t, const cudnnTensorDescriptor_t x, const cudnnFilterDescriptor_t w,
    const cudnnConvolutionDescriptor_t how, const cudnnTensorDescriptor_t y,
    cudnnConvolutionFwdAlgo_t number, size_t *bytes)
{
    return give_workspace_size({FORWARD, *x, *y, *w, *how}, number, bytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, const cudnnFilterDescriptor_t w, const cudnnTensorDescriptor_t dy,
    const cudnnConvolutionDescriptor_t how, const cudnnTensorDescriptor_t dx,
    cudnnConvolutionBwdDataAlgo_t number, size_t *bytes)
{
    return give_workspace_size({BACKWARD_DATA, *dx, *dy, *w, *how}, number, bytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t, const cudnnTensorDescriptor_t x, const cudnnTensorDescriptor_t dy,
    const cudnnConvolutionDescriptor_t how, const cudnnFilterDescriptor_t dw,
    cudnnConvolutionBwdFilterAlgo_t number, size_t *bytes)
{
    return give_workspace_size({BACKWARD_FILTER, *x, *dy, *dw, *how}, number, bytes);
}
