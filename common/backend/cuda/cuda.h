/* The CUDA backend from the inside: for common/backend/cuda only.
 *
 * Layout: a tensor N,C,H,W lies as N,H,W,C, without padding, in single precision or, with
 * IR_BF16 and unless the call is fp32, in bfloat16. Parameters, their gradients and statistics
 * are in single precision; the weights of convolutions lie as out, k, k, in (ir_layout).
 *
 * All work goes to one stream, so it runs in the order of the calls. Meanwhile another stream
 * copies tensors to the device. The host waits only in get() and where memory is freed. The
 * operations' kernels live in kernels/, whose files are compiled once per kind of storage
 * (kernels/device.h).
 */
#ifndef IR_CUDA_H
#define IR_CUDA_H

#include <cuda_runtime.h>
#include <cudnn.h>

#include "backend/cuda/host.h"

/* These die when a call of CUDA or cuDNN failed; the message has the call and its error. */
#define IR_CUDA(call)  ir_cuda_check((call), #call)
#define IR_CUDNN(call) ir_cudnn_check((call), #call)
void ir_cuda_check(cudaError_t error, const char *call);
void ir_cudnn_check(cudnnStatus_t status, const char *call);

/* Pinned host memory, which a copy to or from the device may still be using. Once a large tensor
 * was sent this way, there is device memory too. */
struct ir_staging {
    void *memory, *device;
    size_t bytes, device_bytes;
    cudaEvent_t done, arrived;
};

enum { IR_STAGINGS = 8 };

/* A value on its way to the host. */
struct ir_fetched {
    ir_fetched *next;
    const void *tensor;
    void *memory; /* pinned */
    size_t bytes;
    cudaEvent_t done;
};

struct ir_storage;
struct ir_transform; /* transforms.h */
struct convolve;     /* cudnn_convolution.h */

struct ir_cuda {
    ir_backend backend; /* first: an ir_backend * is an ir_cuda * */
    const ir_storage *storage;
    ir_precision precision;
    bool fast; /* may use algorithms that do not give the same bits every time */
    char name[16];
    cudaStream_t stream, arrivals;
    cudnnHandle_t dnn;
    ir_transform *transforms;
    convolve *convolves; /* a list of those in use */
    ir_staging staging[IR_STAGINGS];
    unsigned turn;               /* the staging to use next */
    ir_fetched *fetched, *spare; /* the earliest first */
};

/* One kind of storage: its operations, and what depends on the size of a number. to_host and
 * from_host convert between N,C,H,W floats and N,H,W,C numbers, both in host memory. */
struct ir_storage {
    size_t size; /* of a number, in bytes */
    cudnnDataType_t dnn_type;
    const ir_op_table *op[IR_OP_COUNT];
    void (*from_host)(void *nhwc, const float *nchw, ir_shape s);
    void (*to_host)(float *nchw, const void *nhwc, ir_shape s);
    void (*adam)(ir_cuda *cuda, float *x, const float *g, float *m, float *v, size_t count,
                 float step_size, double beta1, double beta2, float root_scale, float eps);
    void (*sgd)(ir_cuda *cuda, float *x, const float *g, size_t count, float lr);
    void (*average)(ir_cuda *cuda, float *a, const float *x, size_t count, float weight);
};

extern const ir_storage ir_cuda_float, ir_cuda_bf16;

static inline ir_cuda *cuda_of(ir_backend *b)
{
    return reinterpret_cast<ir_cuda *>(b);
}

/* Device memory that one call owns: tables, folded weights. */
void *ir_cuda_alloc(size_t bytes);
void ir_cuda_free(void *memory);
/* The same, filled from the host. */
void *ir_cuda_upload(const void *host, size_t bytes);

#endif
