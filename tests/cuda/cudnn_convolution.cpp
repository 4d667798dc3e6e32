/* The emulated cuDNN's convolutions: queued like all work, summed in double, rounded once.
 *
 *   y[n,k,i,j]  = sum over c,r,s  w[k,c,r,s] x[n,c,i',j'],   i' = i stride - pad + r dilation
 *   dx[n,c,i',j'] = sum over k,r,s,i,j  w[k,c,r,s] dy[n,k,i,j]
 *   dw[k,c,r,s] = sum over n,i,j  x[n,c,i',j'] dy[n,k,i,j]
 */
#include <math.h>
#include <string.h>

#include <algorithm>
#include <set>
#include <string>

#include "cuda_bf16.h"
#include "cudnn_emulator.h"

namespace emulated_cuda
{

/* What a convolution is to do with its sums. */
struct finish {
    float alpha, beta;
    const void *old;  /* what beta multiplies */
    const void *bias; /* or NULL */
    bool relu, nan_stays;
};

struct call {
    convolution c;
    algorithm how;
    const void *x, *y, *w; /* the output among them */
    void *workspace;
    size_t workspace_bytes;
    finish last;
};

/* ---- numbers --------------------------------------------------------------------------------- */

static double load(const void *array, cudnnDataType_t type, size_t i)
{
    if (type == CUDNN_DATA_FLOAT)
        return ((const float *)array)[i];
    return __bfloat162float(((const __nv_bfloat16 *)array)[i]);
}

static void store(void *array, cudnnDataType_t type, size_t i, double value)
{
    if (type == CUDNN_DATA_FLOAT)
        ((float *)array)[i] = (float)value;
    else
        ((__nv_bfloat16 *)array)[i] = __float2bfloat16((float)value);
}

/* 10 bits after the point, to nearest, ties to even */
static double to_tf32(double value)
{
    if (!isfinite(value))
        return value;
    const unsigned int bits = __float_as_uint((float)value);
    return __uint_as_float((bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu);
}

static size_t at(const cudnnTensorStruct &t, int n, int c, int h, int w)
{
    return (size_t)n * (size_t)t.n_stride + (size_t)c * (size_t)t.c_stride +
           (size_t)h * (size_t)t.h_stride + (size_t)w * (size_t)t.w_stride;
}

/* calls f(index, n, h, w, c) for every element, in the order of NHWC */
template <typename F> static void for_elements(const cudnnTensorStruct &t, F f)
{
    size_t i = 0;
    for (int n = 0; n < t.n; n++)
        for (int h = 0; h < t.h; h++)
            for (int w = 0; w < t.w; w++)
                for (int c = 0; c < t.c; c++)
                    f(i++, n, h, w, c);
}

static std::vector<double> load_all(const void *array, const cudnnTensorStruct &t, bool tf32)
{
    std::vector<double> values((size_t)t.n * (size_t)t.c * (size_t)t.h * (size_t)t.w);
    for_elements(t, [&](size_t i, int n, int h, int w, int c) {
        const double value = load(array, t.type, at(t, n, c, h, w));
        values[i] = tf32 ? to_tf32(value) : value;
    });
    return values;
}

/* -1 to 1, from the number of an element */
static double scatter(uint32_t i)
{
    i = (i ^ i >> 16) * 0x7feb352du;
    i = (i ^ i >> 15) * 0x846ca68bu;
    return (double)(int32_t)(i ^ i >> 16) / 2147483648.0;
}

/* Each algorithm rounds in its own way, one that is not deterministic each time in another. */
static double disturbed(double value, const algorithm &how, size_t i)
{
    const double ulp = 1.0 / (1 << 23);
    if (!how.deterministic)
        return value * (1 + 4 * ulp * scatter(random_number()));
    return value * (1 + 0.5 * ulp * scatter((uint32_t)(i * 31 + (size_t)how.number)));
}

/* alpha sum + beta old + bias, the activation, one rounding */
static void store_all(void *array, const cudnnTensorStruct &t, const std::vector<double> &sums,
                      const finish &last, const algorithm &how)
{
    for_elements(t, [&](size_t i, int n, int h, int w, int c) {
        const size_t place = at(t, n, c, h, w);
        double value = last.alpha * disturbed(sums[i], how, i);
        if (last.beta != 0)
            value += last.beta * load(last.old, t.type, place);
        if (last.bias)
            value += load(last.bias, t.type, (size_t)c);
        if (last.relu && !(value > 0) && !(isnan(value) && last.nan_stays))
            value = 0;
        store(array, t.type, place, value);
    });
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* calls f(output pixel, input pixel, weight's tap) for all pairs that meet */
template <typename F> static void for_taps(const convolution &c, F f)
{
    const cudnnTensorStruct &w = c.w.as_tensor;
    for (int n = 0; n < c.y.n; n++)
        for (int i = 0; i < c.y.h; i++)
            for (int j = 0; j < c.y.w; j++)
                for (int r = 0; r < w.h; r++)
                    for (int s = 0; s < w.w; s++) {
                        const int row = i * c.how.stride_h - c.how.pad_h + r * c.how.dilation_h;
                        const int column = j * c.how.stride_w - c.how.pad_w + s * c.how.dilation_w;
                        if (row < 0 || row >= c.x.h || column < 0 || column >= c.x.w)
                            continue;
                        const int tap = c.how.flipped ? w.h * w.w - 1 - (r * w.w + s) : r * w.w + s;
                        f((size_t)((n * c.y.h + i) * c.y.w + j),
                          (size_t)((n * c.x.h + row) * c.x.w + column), (size_t)tap);
                    }
}

/* x, y: pixel, channel; w: k, tap, channel of the group. One of them is summed up. */
static void sum_up(const convolution &c, std::vector<double> &x, std::vector<double> &y,
                   std::vector<double> &w)
{
    const size_t inputs = (size_t)c.w.as_tensor.c, groups = (size_t)c.how.groups;
    const size_t outputs = (size_t)c.w.as_tensor.n / groups;
    const size_t taps = (size_t)(c.w.as_tensor.h * c.w.as_tensor.w);
    for_taps(c, [&](size_t to, size_t from, size_t tap) {
        for (size_t k = 0; k < outputs * groups; k++) {
            double *weights = &w[(k * taps + tap) * inputs];
            double *pixel = &x[(from * groups + k / outputs) * inputs];
            double *out = &y[to * groups * outputs + k], sum = 0;
            if (c.direction == FORWARD) {
#pragma omp simd reduction(+ : sum)
                for (size_t i = 0; i < inputs; i++)
                    sum += weights[i] * pixel[i];
                *out += sum;
            } else if (c.direction == BACKWARD_DATA) {
                for (size_t i = 0; i < inputs; i++)
                    pixel[i] += weights[i] * *out;
            } else {
                for (size_t i = 0; i < inputs; i++)
                    weights[i] += pixel[i] * *out;
            }
        }
    });
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void check_range(const void *pointer, size_t bytes, const char *what)
{
    if (place_of(pointer, bytes) == PAGEABLE)
        die("cuDNN: %s lies in host memory, at %p", what, pointer);
}

static void check_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    if ((const char *)a < (const char *)b + b_bytes && (const char *)b < (const char *)a + a_bytes)
        die("cuDNN: the output or the workspace overlaps an input");
}

static void check_memory(const call &m)
{
    const cudnnTensorStruct &w = m.c.w.as_tensor;
    const size_t bytes[] = {bytes_of(m.c.x), bytes_of(m.c.y), bytes_of(w), m.workspace_bytes};
    const void *arrays[] = {m.x, m.y, m.w, m.workspace};
    const char *names[] = {"x or dx", "y or dy", "w or dw", "the workspace"};
    for (int i = 0; i < 4; i++) {
        check_range(arrays[i], bytes[i], names[i]);
        for (int j = 0; j < i; j++)
            check_overlap(arrays[i], bytes[i], arrays[j], bytes[j]);
    }
    if (!m.last.bias)
        return;
    check_range(m.last.bias, (size_t)w.n * bytes[2] / (size_t)(w.n * w.c * w.h * w.w), "the bias");
    check_range(m.last.old, bytes[1], "z");
}

static void convolve(const call &m)
{
    const convolution &c = m.c;
    const bool tf32 = c.x.type == CUDNN_DATA_FLOAT && c.how.math != CUDNN_FMA_MATH;
    const cudnnTensorStruct *tensors[] = {&c.y, &c.x,
                                          &c.w.as_tensor}; /* by direction: the output */
    const void *arrays[] = {m.y, m.x, m.w};
    std::vector<double> values[3];
    check_memory(m);
    for (int i = 0; i < 3; i++) {
        const cudnnTensorStruct &t = *tensors[i];
        if (i == c.direction)
            values[i].assign((size_t)t.n * (size_t)t.c * (size_t)t.h * (size_t)t.w, 0.0);
        else
            values[i] = load_all(arrays[i], t, tf32);
    }
    /* what nobody may count on; of a large one a part, as this is slow */
    for (size_t i = 0; i < std::min(m.workspace_bytes, (size_t)1 << 16); i++)
        ((unsigned char *)m.workspace)[i] = (unsigned char)random_number();
    sum_up(c, values[1], values[0], values[2]);
    store_all((void *)arrays[c.direction], *tensors[c.direction], values[c.direction], m.last,
              m.how);
}

static cudnnStatus_t queue_work(cudnnHandle_t handle, const char *name, std::function<void()> run)
{
    work item;
    item.what = name;
    item.run = std::move(run);
    return enqueue(handle->stream, item) ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}

/* Tensor cores read 16 bytes at a time. */
static bool is_aligned(const void *array)
{
    return (uintptr_t)array % 16 == 0;
}

/* The real one may load and build what a call needs when it comes for the first time, which must
 * not happen in a capture: so the first time has to be outside. */
static bool is_new_in_capture(cudnnHandle_t handle, const convolution &c, int number,
                              const char *name)
{
    static std::set<std::string> known;
    const cudnnTensorStruct &x = c.x, &y = c.y, &w = c.w.as_tensor;
    std::string key = name;
    for (int i : {number, x.n, x.c, x.h, x.w, (int)x.type, y.c, y.h, y.w, w.h, w.w, c.how.stride_h,
                  c.how.dilation_h, (int)c.how.math})
        key += ' ' + std::to_string(i);
    const std::shared_ptr<CUstream_st> stream = find_stream(handle->stream);
    if (stream && stream->capturing)
        return known.count(key) == 0;
    known.insert(key);
    return false;
}

/* A bias may have to be padded like the channels that it belongs to, in memory that nobody speaks
 * of. The real one refuses where that is not there, which costs time and is not seen: here only
 * where memory is made scarce. */
static bool has_space_for_bias(const call &m, size_t wanted)
{
    wanted += (size_t)(m.c.y.c + 7) / 8 * 8 * sizeof(float) + 131;
    if (m.workspace_bytes < wanted && !environment().workspace)
        die("cuDNN: a convolution with a bias wants %zu bytes and is given %zu", wanted,
            m.workspace_bytes);
    return m.workspace_bytes >= wanted;
}

static cudnnStatus_t queue_call(cudnnHandle_t handle, call m, int number, const void *alpha,
                                const void *beta, const char *name)
{
    if (!handle || !alpha || !beta || !m.x || !m.y || !m.w)
        return CUDNN_STATUS_BAD_PARAM;
    if (!is_aligned(m.x) || !is_aligned(m.y) || !is_aligned(m.w) || !is_aligned(m.last.bias))
        return CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER;
    if (const cudnnStatus_t status = check_convolution(m.c))
        return status;
    const algorithm *how = find_algorithm(m.c, number);
    if (!how)
        return CUDNN_STATUS_NOT_SUPPORTED;
    if (!m.workspace || m.workspace_bytes < workspace_size(m.c, number))
        return CUDNN_STATUS_BAD_PARAM;
    if (m.last.bias && !has_space_for_bias(m, workspace_size(m.c, number)))
        return CUDNN_STATUS_BAD_PARAM;
    if (is_new_in_capture(handle, m.c, number, name))
        return CUDNN_STATUS_EXECUTION_FAILED;
    m.how = *how;
    m.last.alpha = *(const float *)alpha;
    m.last.beta = *(const float *)beta;
    return queue_work(handle, name, [m] { convolve(m); });
}

cudnnStatus_t try_algorithms(cudnnHandle_t handle, const convolution &c, void *output)
{
    const std::shared_ptr<CUstream_st> stream = find_stream(handle->stream);
    if (!stream || capture_forbids() || stream->capturing)
        return CUDNN_STATUS_EXECUTION_FAILED;
    const cudnnTensorStruct tensors[] = {c.y, c.x, c.w.as_tensor};
    const size_t bytes = bytes_of(tensors[c.direction]);
    const cudnnStatus_t status = queue_work(handle, "cudnnFindConvolution", [output, bytes] {
        check_range(output, bytes, "the output");
        memset(output, 0xff, bytes);
    });
    if (!status)
        drain(*stream);
    return status;
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha,
                                      const cudnnTensorDescriptor_t x_desc, const void *x,
                                      const cudnnFilterDescriptor_t w_desc, const void *w,
                                      const cudnnConvolutionDescriptor_t how,
                                      cudnnConvolutionFwdAlgo_t number, void *workspace,
                                      size_t workspace_bytes, const void *beta,
                                      const cudnnTensorDescriptor_t y_desc, void *y)
{
    const auto locked = lock();
    const call m = {{FORWARD, *x_desc, *y_desc, *w_desc, *how},
                    {},
                    x,
                    y,
                    w,
                    workspace,
                    workspace_bytes,
                    {0, 0, y, nullptr, false, false}};
    return queue_call(handle, m, number, alpha, beta, "cudnnConvolutionForward");
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const void *alpha1, const cudnnTensorDescriptor_t x_desc, const void *x,
    const cudnnFilterDescriptor_t w_desc, const void *w, const cudnnConvolutionDescriptor_t how,
    cudnnConvolutionFwdAlgo_t number, void *workspace, size_t workspace_bytes, const void *alpha2,
    const cudnnTensorDescriptor_t z_desc, const void *z, const cudnnTensorDescriptor_t bias_desc,
    const void *bias, const cudnnActivationDescriptor_t activation,
    const cudnnTensorDescriptor_t y_desc, void *y)
{
    const auto locked = lock();
    if (!z || !bias || memcmp(z_desc, y_desc, sizeof *z_desc) != 0 || bias_desc->n != 1 ||
        bias_desc->h != 1 || bias_desc->w != 1 || bias_desc->c != y_desc->c ||
        bias_desc->type != y_desc->type)
        return CUDNN_STATUS_BAD_PARAM;
    const bool relu = activation->mode == CUDNN_ACTIVATION_RELU;
    if (!relu && number != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM)
        return CUDNN_STATUS_NOT_SUPPORTED; /* so says the manual */
    const call m = {{FORWARD, *x_desc, *y_desc, *w_desc, *how},
                    {},
                    x,
                    y,
                    w,
                    workspace,
                    workspace_bytes,
                    {0, 0, z, bias, relu, activation->nan == CUDNN_PROPAGATE_NAN}};
    return queue_call(handle, m, number, alpha1, alpha2, "cudnnConvolutionBiasActivationForward");
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha,
                                           const cudnnFilterDescriptor_t w_desc, const void *w,
                                           const cudnnTensorDescriptor_t dy_desc, const void *dy,
                                           const cudnnConvolutionDescriptor_t how,
                                           cudnnConvolutionBwdDataAlgo_t number, void *workspace,
                                           size_t workspace_bytes, const void *beta,
                                           const cudnnTensorDescriptor_t dx_desc, void *dx)
{
    const auto locked = lock();
    const call m = {{BACKWARD_DATA, *dx_desc, *dy_desc, *w_desc, *how},
                    {},
                    dx,
                    dy,
                    w,
                    workspace,
                    workspace_bytes,
                    {0, 0, dx, nullptr, false, false}};
    return queue_call(handle, m, number, alpha, beta, "cudnnConvolutionBackwardData");
}

cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t handle, const void *alpha, const cudnnTensorDescriptor_t x_desc, const void *x,
    const cudnnTensorDescriptor_t dy_desc, const void *dy, const cudnnConvolutionDescriptor_t how,
    cudnnConvolutionBwdFilterAlgo_t number, void *workspace, size_t workspace_bytes,
    const void *beta, const cudnnFilterDescriptor_t dw_desc, void *dw)
{
    const auto locked = lock();
    const call m = {{BACKWARD_FILTER, *x_desc, *dy_desc, *dw_desc, *how},
                    {},
                    x,
                    dy,
                    dw,
                    workspace,
                    workspace_bytes,
                    {0, 0, dw, nullptr, false, false}};
    return queue_call(handle, m, number, alpha, beta, "cudnnConvolutionBackwardFilter");
}
