/* The emulated cuDNN's convolutions against naive loops in double, and what it refuses. */
#include <math.h>
#include <string.h>

#include "cuda_bf16.h"
#include "cudnn.h"
#include "test.h"

#define FINE(call) CHECK((call) == CUDNN_STATUS_SUCCESS)

struct shape {
    int n, c, h, w;
    size_t size() const { return (size_t)n * (size_t)c * (size_t)h * (size_t)w; }
    size_t at(int i, int j, int y, int x) const
    {
        return (((size_t)i * (size_t)c + (size_t)j) * (size_t)h + (size_t)y) * (size_t)w +
               (size_t)x;
    }
};

struct geometry {
    shape x;
    int k, r, s, pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups;
    shape w() const { return {k, x.c / groups, r, s}; }
    shape y() const
    {
        return {x.n, k, (x.h + 2 * pad_h - (r - 1) * dilation_h - 1) / stride_h + 1,
                (x.w + 2 * pad_w - (s - 1) * dilation_w - 1) / stride_w + 1};
    }
};

static const geometry geometries[] = {
    {{2, 3, 7, 5}, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1},  {{1, 8, 6, 6}, 5, 1, 1, 0, 0, 1, 1, 1, 1, 1},
    {{2, 4, 9, 8}, 6, 3, 2, 1, 0, 2, 1, 1, 1, 2},  {{1, 6, 11, 12}, 6, 3, 3, 2, 4, 1, 1, 2, 4, 6},
    {{3, 1, 8, 10}, 2, 5, 7, 2, 3, 3, 2, 1, 1, 1},
};

/* ---- naive loops, arrays in the order NCHW and KCRS ------------------------------------------ */

/* calls f(element of y, element of x, element of w) for each product of the convolution */
template <typename F> static void for_products(const geometry &g, F f)
{
    const shape x = g.x, y = g.y(), w = g.w();
    for (int n = 0; n < y.n; n++)
        for (int k = 0; k < y.c; k++)
            for (int i = 0; i < y.h; i++)
                for (int j = 0; j < y.w; j++)
                    for (int c = 0; c < w.c; c++)
                        for (int r = 0; r < w.h; r++)
                            for (int s = 0; s < w.w; s++) {
                                const int row = i * g.stride_h - g.pad_h + r * g.dilation_h;
                                const int column = j * g.stride_w - g.pad_w + s * g.dilation_w;
                                if (row >= 0 && row < x.h && column >= 0 && column < x.w)
                                    f(y.at(n, k, i, j),
                                      x.at(n, k / (g.k / g.groups) * w.c + c, row, column),
                                      w.at(k, c, r, s));
                            }
}

enum side { Y, X, W }; /* which one is summed up */

static std::vector<double> naive(const geometry &g, side out, const std::vector<float> (&in)[3])
{
    std::vector<double> sums(in[out].size());
    for_products(g, [&](size_t y, size_t x, size_t w) {
        const size_t at[] = {y, x, w};
        double product = 1;
        for (int i = 0; i < 3; i++)
            if (i != out)
                product *= in[i][at[i]];
        sums[at[out]] += product;
    });
    return sums;
}

/* ---- arrays on the device -------------------------------------------------------------------- */

struct format {
    cudnnDataType_t type;
    cudnnTensorFormat_t order;
    size_t bytes() const { return type == CUDNN_DATA_FLOAT ? 4 : 2; }
};

static size_t place(const format &f, const shape &s, int n, int c, int h, int w)
{
    if (f.order == CUDNN_TENSOR_NCHW)
        return s.at(n, c, h, w);
    return (((size_t)n * (size_t)s.h + (size_t)h) * (size_t)s.w + (size_t)w) * (size_t)s.c +
           (size_t)c;
}

template <typename F> static void for_all(const format &f, const shape &s, F each)
{
    for (int n = 0; n < s.n; n++)
        for (int c = 0; c < s.c; c++)
            for (int h = 0; h < s.h; h++)
                for (int w = 0; w < s.w; w++)
                    each(s.at(n, c, h, w), place(f, s, n, c, h, w));
}

static void *upload(const format &f, const shape &s, const std::vector<float> &values)
{
    std::vector<unsigned char> bytes(s.size() * f.bytes());
    for_all(f, s, [&](size_t from, size_t to) {
        const __nv_bfloat16 half = __float2bfloat16(values[from]);
        if (f.type == CUDNN_DATA_FLOAT)
            memcpy(&bytes[to * 4], &values[from], 4);
        else
            memcpy(&bytes[to * 2], &half, 2);
    });
    return device_copy(bytes);
}

static std::vector<float> download(const format &f, const shape &s, const void *array)
{
    const auto bytes = host_copy((const unsigned char *)array, s.size() * f.bytes());
    std::vector<float> values(s.size());
    for_all(f, s, [&](size_t to, size_t from) {
        __nv_bfloat16 half;
        memcpy(&half, &bytes[from * 2], 2);
        if (f.type == CUDNN_DATA_FLOAT)
            memcpy(&values[to], &bytes[from * 4], 4);
        else
            values[to] = __bfloat162float(half);
    });
    return values;
}

/* ---- one convolution ------------------------------------------------------------------------- */

/* Descriptors and arrays; what is summed up may hold anything. */
struct setting {
    geometry g;
    format f;
    cudnnHandle_t handle;
    cudnnTensorDescriptor_t x, y, bias;
    cudnnFilterDescriptor_t w;
    cudnnConvolutionDescriptor_t how;
    std::vector<float> values[3]; /* y, x, w */
    void *arrays[3];

    setting(const geometry &g_, const format &f_, cudnnMathType_t math) : g(g_), f(f_)
    {
        const shape shapes[] = {g.y(), g.x, g.w()};
        FINE(cudnnCreate(&handle));
        for (cudnnTensorDescriptor_t *t : {&x, &y, &bias})
            FINE(cudnnCreateTensorDescriptor(t));
        FINE(cudnnCreateFilterDescriptor(&w));
        FINE(cudnnCreateConvolutionDescriptor(&how));
        set(y, shapes[Y]);
        set(x, shapes[X]);
        set(bias, {1, g.k, 1, 1});
        FINE(cudnnSetFilter4dDescriptor(w, f.type, f.order, g.k, g.w().c, g.r, g.s));
        FINE(cudnnSetConvolution2dDescriptor(how, g.pad_h, g.pad_w, g.stride_h, g.stride_w,
                                             g.dilation_h, g.dilation_w, CUDNN_CROSS_CORRELATION,
                                             CUDNN_DATA_FLOAT));
        FINE(cudnnSetConvolutionGroupCount(how, g.groups));
        FINE(cudnnSetConvolutionMathType(how, math));
        for (int i = 0; i < 3; i++) {
            values[i] = random_values(shapes[i].size(), (unsigned int)i + 1);
            if (f.type == CUDNN_DATA_BFLOAT16)
                for (float &value : values[i])
                    value = __bfloat162float(__float2bfloat16(value));
            arrays[i] = upload(f, shapes[i], values[i]);
        }
    }

    ~setting()
    {
        for (void *array : arrays)
            OK(cudaFree(array));
        for (cudnnTensorDescriptor_t t : {x, y, bias})
            FINE(cudnnDestroyTensorDescriptor(t));
        FINE(cudnnDestroyFilterDescriptor(w));
        FINE(cudnnDestroyConvolutionDescriptor(how));
        FINE(cudnnDestroy(handle));
    }

    void set(cudnnTensorDescriptor_t t, const shape &s) const
    {
        FINE(cudnnSetTensor4dDescriptor(t, f.order, f.type, s.n, s.c, s.h, s.w));
    }
};

/* an algorithm of any direction */
struct candidate {
    int algorithm;
    cudnnStatus_t status;
    size_t memory;
    bool deterministic;
    cudnnMathType_t math;
};

template <typename P> static std::vector<candidate> candidates(const P *results, int count)
{
    std::vector<candidate> all;
    for (int i = 0; i < count; i++)
        all.push_back({(int)results[i].algo, results[i].status, results[i].memory,
                       results[i].determinism == CUDNN_DETERMINISTIC, results[i].mathType});
    return all;
}

static std::vector<candidate> proposals(const setting &s, side out)
{
    cudnnConvolutionFwdAlgoPerf_t forward[20];
    cudnnConvolutionBwdDataAlgoPerf_t data[20];
    cudnnConvolutionBwdFilterAlgoPerf_t filter[20];
    int count;
    if (out == Y) {
        FINE(cudnnGetConvolutionForwardAlgorithm_v7(s.handle, s.x, s.w, s.how, s.y, 20, &count,
                                                    forward));
        return candidates(forward, count);
    }
    if (out == X) {
        FINE(cudnnGetConvolutionBackwardDataAlgorithm_v7(s.handle, s.w, s.y, s.how, s.x, 20, &count,
                                                         data));
        return candidates(data, count);
    }
    FINE(cudnnGetConvolutionBackwardFilterAlgorithm_v7(s.handle, s.x, s.y, s.how, s.w, 20, &count,
                                                       filter));
    return candidates(filter, count);
}

static size_t asked_workspace(const setting &s, side out, int algorithm)
{
    size_t bytes;
    if (out == Y)
        FINE(cudnnGetConvolutionForwardWorkspaceSize(s.handle, s.x, s.w, s.how, s.y,
                                                     (cudnnConvolutionFwdAlgo_t)algorithm, &bytes));
    else if (out == X)
        FINE(cudnnGetConvolutionBackwardDataWorkspaceSize(
            s.handle, s.w, s.y, s.how, s.x, (cudnnConvolutionBwdDataAlgo_t)algorithm, &bytes));
    else
        FINE(cudnnGetConvolutionBackwardFilterWorkspaceSize(
            s.handle, s.x, s.y, s.how, s.w, (cudnnConvolutionBwdFilterAlgo_t)algorithm, &bytes));
    return bytes;
}

static cudnnStatus_t convolve(const setting &s, side out, int algorithm, float alpha, float beta,
                              void *workspace, size_t bytes)
{
    void *const *a = s.arrays;
    if (out == Y)
        return cudnnConvolutionForward(s.handle, &alpha, s.x, a[X], s.w, a[W], s.how,
                                       (cudnnConvolutionFwdAlgo_t)algorithm, workspace, bytes,
                                       &beta, s.y, a[Y]);
    if (out == X)
        return cudnnConvolutionBackwardData(s.handle, &alpha, s.w, a[W], s.y, a[Y], s.how,
                                            (cudnnConvolutionBwdDataAlgo_t)algorithm, workspace,
                                            bytes, &beta, s.x, a[X]);
    return cudnnConvolutionBackwardFilter(s.handle, &alpha, s.x, a[X], s.y, a[Y], s.how,
                                          (cudnnConvolutionBwdFilterAlgo_t)algorithm, workspace,
                                          bytes, &beta, s.w, a[W]);
}

static std::vector<float> result_of(const setting &s, side out)
{
    const shape shapes[] = {s.g.y(), s.g.x, s.g.w()};
    return download(s.f, shapes[out], s.arrays[out]);
}

/* the largest difference, in parts of the largest value; infinite if one is not a number */
static double distance(const std::vector<float> &got, const std::vector<double> &expected)
{
    double most = 0, largest = 0;
    CHECK(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); i++) {
        if (!std::isfinite(got[i]))
            return INFINITY;
        most = fmax(most, fabs(got[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    return most / largest;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* how wrong a result may be, and must be at least, by its arithmetic */
static void check_precision(double error, const format &f, cudnnMathType_t math)
{
    if (f.type == CUDNN_DATA_BFLOAT16)
        CHECK(error < 1.0 / 256);
    else if (math == CUDNN_FMA_MATH)
        CHECK(error < 2e-6);
    else
        CHECK(error < 2e-3 && error > 2e-6);
}

static void check_candidate(setting &s, side out, const candidate &c,
                            const std::vector<double> &expected)
{
    const size_t bytes = asked_workspace(s, out, c.algorithm);
    CHECK(bytes > 0 && bytes == c.memory);
    FINE(cudnnSetConvolutionMathType(s.how, c.math));
    unsigned char *workspace = device_array<unsigned char>(bytes);
    CHECK(convolve(s, out, c.algorithm, 1, 0, workspace, bytes - 1) == CUDNN_STATUS_BAD_PARAM);
    OK(cudaMemset(s.arrays[out], 0xff, expected.size() * s.f.bytes())); /* not read: beta is 0 */
    FINE(convolve(s, out, c.algorithm, 1, 0, workspace, bytes));
    const std::vector<float> once = result_of(s, out);
    check_precision(distance(once, expected), s.f, c.math);
    int rubbish = 0;
    for (unsigned char byte : host_copy(workspace, bytes))
        rubbish += byte != 0xff;
    CHECK(rubbish > (int)bytes / 2);
    FINE(convolve(s, out, c.algorithm, 1, 0, workspace, bytes));
    if (s.f.type == CUDNN_DATA_FLOAT)
        CHECK((result_of(s, out) == once) == c.deterministic);
    /* alpha and beta */
    FINE(convolve(s, out, c.algorithm, 0.5f, 2, workspace, bytes));
    std::vector<double> scaled = expected;
    for (double &value : scaled)
        value *= 2.5;
    CHECK(distance(result_of(s, out), scaled) <
          (s.f.type == CUDNN_DATA_BFLOAT16 ? 2.0 / 256 : 2e-3));
    OK(cudaFree(workspace));
}

static void check_directions(const geometry &g, const format &f, cudnnMathType_t math)
{
    for (side out : {Y, X, W}) {
        setting s(g, f, math);
        const std::vector<double> expected = naive(g, out, s.values);
        const std::vector<candidate> all = proposals(s, out);
        CHECK(!all[0].deterministic && all.back().status == CUDNN_STATUS_NOT_SUPPORTED);
        CHECK(convolve(s, out, all.back().algorithm, 1, 0, s.arrays[0], 1) ==
              CUDNN_STATUS_NOT_SUPPORTED);
        for (const candidate &c : all)
            if (c.status == CUDNN_STATUS_SUCCESS)
                check_candidate(s, out, c, expected);
    }
}

/* act(alpha1 conv + alpha2 z + bias), z being y */
static void check_bias_activation(bool relu, cudnnDataType_t type)
{
    const geometry &g = geometries[0];
    setting s(g, {type, CUDNN_TENSOR_NHWC}, CUDNN_FMA_MATH);
    std::vector<double> expected = naive(g, Y, s.values);
    std::vector<float> bias = random_values((size_t)g.k, 9);
    const shape y = g.y();
    for (float &value : bias)
        value = __bfloat162float(__float2bfloat16(value));
    for (size_t i = 0; i < expected.size(); i++) {
        const size_t k = i / (size_t)(y.h * y.w) % (size_t)y.c;
        expected[i] = 0.5 * expected[i] + 2 * s.values[Y][i] + bias[k];
        if (relu)
            expected[i] = fmax(expected[i], 0);
    }
    void *device_bias = upload(s.f, {1, g.k, 1, 1}, bias);
    unsigned char *workspace = device_array<unsigned char>(1000);
    cudnnActivationDescriptor_t activation;
    FINE(cudnnCreateActivationDescriptor(&activation));
    FINE(cudnnSetActivationDescriptor(activation,
                                      relu ? CUDNN_ACTIVATION_RELU : CUDNN_ACTIVATION_IDENTITY,
                                      CUDNN_NOT_PROPAGATE_NAN, 0));
    const float alpha1 = 0.5f, alpha2 = 2;
    const auto run = [&](cudnnConvolutionFwdAlgo_t algorithm) {
        return cudnnConvolutionBiasActivationForward(
            s.handle, &alpha1, s.x, s.arrays[X], s.w, s.arrays[W], s.how, algorithm, workspace,
            1000, &alpha2, s.y, s.arrays[Y], s.bias, device_bias, activation, s.y, s.arrays[Y]);
    };
    if (!relu)
        CHECK(run(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM) == CUDNN_STATUS_NOT_SUPPORTED);
    FINE(run(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM));
    check_precision(distance(result_of(s, Y), expected), s.f, CUDNN_FMA_MATH);
    FINE(cudnnDestroyActivationDescriptor(activation));
    OK(cudaFree(device_bias));
    OK(cudaFree(workspace));
}

/* Finding spoils the output, and proposes only what fits into the workspace. */
static void check_find()
{
    setting s(geometries[0], {CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC}, CUDNN_FMA_MATH);
    cudnnConvolutionFwdAlgoPerf_t found[20];
    int count, usable = 0;
    bool changed = false;
    unsigned char *workspace = device_array<unsigned char>(1000);
    for (int i = 0; i < 20; i++) {
        const cudnnConvolutionFwdAlgo_t first = i ? found[1].algo : (cudnnConvolutionFwdAlgo_t)-1;
        FINE(cudnnFindConvolutionForwardAlgorithmEx(s.handle, s.x, s.arrays[X], s.w, s.arrays[W],
                                                    s.how, s.y, s.arrays[Y], 20, &count, found,
                                                    workspace, 1000));
        changed = changed || (i && found[1].algo != first);
    }
    CHECK(changed && found[0].determinism == CUDNN_NON_DETERMINISTIC);
    CHECK(std::isnan(result_of(s, Y)[0]));
    FINE(cudnnFindConvolutionForwardAlgorithmEx(s.handle, s.x, s.arrays[X], s.w, s.arrays[W], s.how,
                                                s.y, s.arrays[Y], 20, &count, found, nullptr, 0));
    for (int i = 0; i < count; i++)
        usable += found[i].status == CUDNN_STATUS_SUCCESS;
    CHECK(usable == 0);
    OK(cudaFree(workspace));
}

/* Descriptors that do not fit each other are refused, and so are mixed layouts. */
static void check_refusals()
{
    const geometry &g = geometries[0];
    const shape y = g.y();
    const shape wrong[] = {{y.n + 1, y.c, y.h, y.w},
                           {y.n, y.c + 1, y.h, y.w},
                           {y.n, y.c, y.h - 1, y.w},
                           {y.n, y.c, y.h, y.w + 1}};
    setting s(g, {CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC}, CUDNN_FMA_MATH);
    unsigned char *workspace = device_array<unsigned char>(1000);
    const auto run = [&] {
        return convolve(s, Y, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 1, 0, workspace, 1000);
    };
    FINE(run());
    float *const x = (float *)s.arrays[X];
    s.arrays[X] = x + 1;
    CHECK(run() == CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    s.arrays[X] = x;
    for (const shape &w : wrong) {
        s.set(s.y, w);
        CHECK(run() == CUDNN_STATUS_BAD_PARAM);
    }
    FINE(cudnnSetTensor4dDescriptor(s.y, CUDNN_TENSOR_NCHW, s.f.type, y.n, y.c, y.h, y.w));
    CHECK(run() == CUDNN_STATUS_NOT_SUPPORTED);
    FINE(cudnnSetTensor4dDescriptor(s.y, s.f.order, CUDNN_DATA_BFLOAT16, y.n, y.c, y.h, y.w));
    CHECK(run() == CUDNN_STATUS_BAD_PARAM);
    s.set(s.y, y);
    FINE(cudnnSetConvolutionGroupCount(s.how, 3));
    CHECK(run() == CUDNN_STATUS_BAD_PARAM);
    OK(cudaFree(workspace));
}

/* A capture may hold only what has run before. */
static void check_first_in_capture()
{
    const geometry unused = {{1, 2, 3, 9}, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    setting s(unused, {CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC}, CUDNN_FMA_MATH);
    unsigned char *workspace = device_array<unsigned char>(1000);
    const auto run = [&] {
        return convolve(s, Y, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 1, 0, workspace, 1000);
    };
    cudaStream_t stream;
    cudaGraph_t graph;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    FINE(cudnnSetStream(s.handle, stream));
    for (cudnnStatus_t expected : {CUDNN_STATUS_EXECUTION_FAILED, CUDNN_STATUS_SUCCESS}) {
        OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        CHECK(run() == expected);
        OK(cudaStreamEndCapture(stream, &graph));
        OK(cudaGraphDestroy(graph));
        FINE(run());
    }
    OK(cudaStreamDestroy(stream));
    OK(cudaFree(workspace));
}

/* Convolutions are as lazy as all other work, and can be captured. */
static void check_capture()
{
    setting s(geometries[0], {CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC}, CUDNN_FMA_MATH);
    const std::vector<double> expected = naive(s.g, Y, s.values);
    unsigned char *workspace = device_array<unsigned char>(1000);
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    FINE(cudnnSetStream(s.handle, stream));
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    FINE(convolve(s, Y, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 1, 0, workspace, 1000));
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphInstantiate(&exec, graph, 0));
    CHECK(distance(result_of(s, Y), expected) > 0.1);
    OK(cudaGraphLaunch(exec, stream));
    CHECK(distance(result_of(s, Y), expected) < 2e-6);
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(graph));
    OK(cudaStreamDestroy(stream));
    OK(cudaFree(workspace));
}

void test_convolutions()
{
    for (const geometry &g : geometries)
        for (cudnnTensorFormat_t order : {CUDNN_TENSOR_NHWC, CUDNN_TENSOR_NCHW}) {
            check_directions(g, {CUDNN_DATA_FLOAT, order}, CUDNN_FMA_MATH);
            check_directions(g, {CUDNN_DATA_FLOAT, order}, CUDNN_TENSOR_OP_MATH);
            check_directions(g, {CUDNN_DATA_BFLOAT16, order}, CUDNN_DEFAULT_MATH);
        }
    for (bool relu : {false, true})
        for (cudnnDataType_t type : {CUDNN_DATA_FLOAT, CUDNN_DATA_BFLOAT16})
            check_bias_activation(relu, type);
    check_find();
    check_refusals();
    check_first_in_capture();
    check_capture();
}
