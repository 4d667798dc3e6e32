/* The CUDA backend: opening a device, memory, recording, and the table that graphs call. */
#include "backend/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cuda/transforms.h"

/* Of a call's text its name is enough. */
static int name_length(const char *call)
{
    return (int)strcspn(call, "(");
}

void ir_cuda_check(cudaError_t error, const char *call)
{
    if (error != cudaSuccess)
        ir_die("cuda: %.*s: %s", name_length(call), call, cudaGetErrorString(error));
}

void ir_cudnn_check(cudnnStatus_t status, const char *call)
{
    if (status != CUDNN_STATUS_SUCCESS)
        ir_die("cuda: %.*s: %s", name_length(call), call, cudnnGetErrorString(status));
}

/* ---- memory -----------------------------------------------------------------------------------*/

static size_t free_memory(void)
{
    size_t there, all;
    IR_CUDA(cudaMemGetInfo(&there, &all));
    return there;
}

void *ir_cuda_alloc(size_t bytes)
{
    void *memory;
    const cudaError_t error = cudaMalloc(&memory, bytes ? bytes : 1);
    if (error == cudaErrorMemoryAllocation)
        ir_die("cuda: %zu MiB are wanted and %zu MiB are free", bytes >> 20, free_memory() >> 20);
    ir_cuda_check(error, "cudaMalloc");
    return memory;
}

void ir_cuda_free(void *memory)
{
    if (memory)
        IR_CUDA(cudaFree(memory));
}

void *ir_cuda_upload(const void *host, size_t bytes)
{
    void *memory = ir_cuda_alloc(bytes);
    IR_CUDA(cudaMemcpy(memory, host, bytes, cudaMemcpyHostToDevice));
    /* it may return while the copy is under way, which our stream knows nothing of */
    IR_CUDA(cudaDeviceSynchronize());
    return memory;
}

static size_t tensor_bytes(ir_backend *b, int n, int c, int h, int w)
{
    return (size_t)n * (size_t)c * (size_t)h * (size_t)w * cuda_of(b)->storage->size;
}

static void clear(ir_backend *b, void *memory, size_t bytes)
{
    IR_CUDA(cudaMemsetAsync(memory, 0, bytes, cuda_of(b)->stream));
}

static void *alloc(ir_backend *b, size_t bytes)
{
    void *memory = ir_cuda_alloc(bytes);
    clear(b, memory, bytes);
    return memory;
}

static void wait(ir_backend *b)
{
    IR_CUDA(cudaStreamSynchronize(cuda_of(b)->stream));
}

static void release(ir_backend *b, void *memory)
{
    if (memory)
        wait(b);
    ir_cuda_free(memory);
}

/* CUDA's own libraries take some for themselves when they are first used. */
static size_t available(ir_backend *)
{
    const size_t reserve = (size_t)64 << 20, there = free_memory();
    return there > reserve ? there - reserve : 0;
}

/* ---- to the device ----------------------------------------------------------------------------*/

/* Pinned memory that no copy is reading any more. */
static ir_staging *next_staging(ir_cuda *cuda, size_t bytes)
{
    ir_staging *s = &cuda->staging[cuda->turn++ % IR_STAGINGS];
    if (!s->done)
        IR_CUDA(cudaEventCreateWithFlags(&s->done, cudaEventDisableTiming));
    else
        IR_CUDA(cudaEventSynchronize(s->done));
    if (s->bytes < bytes) {
        if (s->memory)
            IR_CUDA(cudaFreeHost(s->memory));
        IR_CUDA(cudaMallocHost(&s->memory, bytes));
        s->bytes = bytes;
    }
    return s;
}

static void send(ir_cuda *cuda, ir_staging *s, void *to, size_t bytes)
{
    IR_CUDA(cudaMemcpyAsync(to, s->memory, bytes, cudaMemcpyHostToDevice, cuda->stream));
    IR_CUDA(cudaEventRecord(s->done, cuda->stream));
}

static void put(ir_backend *b, void *tensor, int n, int c, int h, int w, const float *nchw)
{
    ir_cuda *cuda = cuda_of(b);
    const size_t bytes = tensor_bytes(b, n, c, h, w);
    ir_staging *s = next_staging(cuda, bytes);
    cuda->storage->from_host(s->memory, nchw, {n, c, h, w});
    send(cuda, s, tensor, bytes);
}

static size_t count_of(ir_layout l)
{
    return l.rows * (size_t)l.channels * (size_t)l.taps;
}

/* [rows][channels][taps] to [rows][taps][channels]; the other way with the two exchanged. */
static void reorder(float *to, const float *from, ir_layout l)
{
    const size_t channels = (size_t)l.channels, taps = (size_t)l.taps;
    for (size_t r = 0; r < l.rows; r++)
        for (size_t c = 0; c < channels; c++)
            for (size_t t = 0; t < taps; t++)
                to[(r * taps + t) * channels + c] = from[(r * channels + c) * taps + t];
}

static void write_array(ir_backend *b, float *array, const float *host, ir_layout layout)
{
    const size_t bytes = count_of(layout) * sizeof *host;
    ir_staging *s = next_staging(cuda_of(b), bytes);
    reorder(static_cast<float *>(s->memory), host, layout);
    send(cuda_of(b), s, array, bytes);
}

/* ---- to the host ------------------------------------------------------------------------------*/

/* What the device's memory holds when all work is done, in pinned memory, until the next staging.
 */
static const void *receive(ir_cuda *cuda, const void *from, size_t bytes)
{
    ir_staging *s = next_staging(cuda, bytes);
    IR_CUDA(cudaMemcpyAsync(s->memory, from, bytes, cudaMemcpyDeviceToHost, cuda->stream));
    IR_CUDA(cudaEventRecord(s->done, cuda->stream));
    IR_CUDA(cudaEventSynchronize(s->done));
    return s->memory;
}

static void read_array(ir_backend *b, const float *array, float *host, ir_layout layout)
{
    const size_t bytes = count_of(layout) * sizeof *host;
    const void *copy = receive(cuda_of(b), array, bytes);
    reorder(host, static_cast<const float *>(copy), {layout.rows, layout.taps, layout.channels});
}

/* A place for a value that is being fetched: the node's own, or a free one. */
static ir_fetched *fetched_for(ir_cuda *cuda, const ir_node *node)
{
    ir_fetched *place = nullptr;
    for (int i = 0; i < IR_FETCHED; i++) {
        ir_fetched *f = &cuda->fetched[i];
        if (f->pending && f->node == node)
            return f;
        if (!f->pending && !place)
            place = f;
    }
    return place;
}

static void fetch(ir_backend *b, ir_node *node)
{
    ir_cuda *cuda = cuda_of(b);
    const ir_shape s = node->shape;
    const size_t bytes = tensor_bytes(b, s.n, s.c, s.h, s.w);
    ir_fetched *f = fetched_for(cuda, node);
    if (!f)
        return; /* get() will wait for it then */
    if (!f->done)
        IR_CUDA(cudaEventCreateWithFlags(&f->done, cudaEventDisableTiming));
    if (f->bytes < bytes) {
        if (f->memory)
            IR_CUDA(cudaFreeHost(f->memory));
        IR_CUDA(cudaMallocHost(&f->memory, bytes));
        f->bytes = bytes;
    }
    IR_CUDA(cudaMemcpyAsync(f->memory, node->value, bytes, cudaMemcpyDeviceToHost, cuda->stream));
    IR_CUDA(cudaEventRecord(f->done, cuda->stream));
    f->node = node;
    f->pending = true;
}

static void get_fetched(ir_cuda *cuda, ir_fetched *f, float *nchw)
{
    IR_CUDA(cudaEventSynchronize(f->done));
    cuda->storage->to_host(nchw, f->memory, f->node->shape);
    f->pending = false;
}

static void get(ir_backend *b, const void *tensor, int n, int c, int h, int w, float *nchw)
{
    ir_cuda *cuda = cuda_of(b);
    const size_t bytes = tensor_bytes(b, n, c, h, w);
    for (int i = 0; i < IR_FETCHED; i++) {
        ir_fetched *f = &cuda->fetched[i];
        if (f->pending && f->node->value == tensor) {
            get_fetched(cuda, f, nchw);
            return;
        }
    }
    cuda->storage->to_host(nchw, receive(cuda, tensor, bytes), {n, c, h, w});
}

/* ---- optimizers -------------------------------------------------------------------------------*/

static void adam(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                 float step_size, double beta1, double beta2, float root_scale, float eps)
{
    cuda_of(b)->storage->adam(cuda_of(b), x, g, m, v, count, step_size, beta1, beta2, root_scale,
                              eps);
}

static void sgd(ir_backend *b, float *x, const float *g, size_t count, float lr)
{
    cuda_of(b)->storage->sgd(cuda_of(b), x, g, count, lr);
}

/* ---- recordings: CUDA graphs ------------------------------------------------------------------*/

static void record(ir_backend *b)
{
    IR_CUDA(cudaStreamBeginCapture(cuda_of(b)->stream, cudaStreamCaptureModeThreadLocal));
}

static void *recorded(ir_backend *b)
{
    cudaGraph_t graph;
    cudaGraphExec_t ready;
    IR_CUDA(cudaStreamEndCapture(cuda_of(b)->stream, &graph));
    IR_CUDA(cudaGraphInstantiate(&ready, graph, 0));
    IR_CUDA(cudaGraphDestroy(graph));
    return ready;
}

static void replay(ir_backend *b, void *recording)
{
    IR_CUDA(cudaGraphLaunch(static_cast<cudaGraphExec_t>(recording), cuda_of(b)->stream));
}

static void forget(ir_backend *b, void *recording)
{
    wait(b);
    IR_CUDA(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recording)));
}

/* ---- opening and closing ----------------------------------------------------------------------*/

static void close_cuda(ir_backend *b)
{
    ir_cuda *cuda = cuda_of(b);
    wait(b);
    ir_transforms_free(cuda);
    for (int i = 0; i < IR_STAGINGS; i++) {
        if (cuda->staging[i].done)
            IR_CUDA(cudaEventDestroy(cuda->staging[i].done));
        if (cuda->staging[i].memory)
            IR_CUDA(cudaFreeHost(cuda->staging[i].memory));
    }
    for (int i = 0; i < IR_FETCHED; i++) {
        if (cuda->fetched[i].done)
            IR_CUDA(cudaEventDestroy(cuda->fetched[i].done));
        if (cuda->fetched[i].memory)
            IR_CUDA(cudaFreeHost(cuda->fetched[i].memory));
    }
    IR_CUDNN(cudnnDestroy(cuda->dnn));
    IR_CUDA(cudaStreamDestroy(cuda->stream));
    free(cuda);
}

/* Compute capability 8.0 has TF32 and bfloat16, and is the oldest that the kernels are built for.
 */
static const char *why_not(int device)
{
    static char text[128];
    int count = 0;
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess)
        return cudaGetErrorString(error);
    if (count == 0)
        return "there is no GPU";
    if (device >= count) {
        snprintf(text, sizeof text, "there are only %d GPUs", count);
        return count == 1 ? "there is only one GPU" : text;
    }
    IR_CUDA(cudaGetDeviceProperties(&properties, device));
    if (properties.major < 8)
        return "that GPU is older than compute capability 8.0";
    return nullptr;
}

/* Half of the memory is left to others, and to graphs of other shapes. */
static size_t room(void)
{
    return free_memory() / 2;
}

static void fill_table(ir_cuda *cuda)
{
    ir_backend *b = &cuda->backend;
    b->name = cuda->name;
    b->room = room();
    b->training_room = b->room;
    b->op = cuda->storage->op;
    b->tensor_bytes = tensor_bytes;
    b->alloc = alloc;
    b->available = available;
    b->free = release;
    b->put = put;
    b->get = get;
    b->clear = clear;
    b->fetch = fetch;
    b->write = write_array;
    b->read = read_array;
    b->adam = adam;
    b->sgd = sgd;
    b->record = record;
    b->recorded = recorded;
    b->replay = replay;
    b->forget = forget;
    b->wait = wait;
    b->close = close_cuda;
}

ir_backend *ir_cuda_backend_open(const ir_backend_options *options, int device, const char **why)
{
    *why = why_not(device);
    if (*why)
        return nullptr;
    ir_cuda *cuda = static_cast<ir_cuda *>(ir_calloc(1, sizeof *cuda));
    cuda->precision = options->precision;
    cuda->fast = options->fast;
    cuda->storage = cuda->precision == IR_BF16 ? &ir_cuda_bf16 : &ir_cuda_float;
    snprintf(cuda->name, sizeof cuda->name, "cuda:%d", device);
    IR_CUDA(cudaSetDevice(device));
    IR_CUDA(cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking));
    IR_CUDNN(cudnnCreate(&cuda->dnn));
    IR_CUDNN(cudnnSetStream(cuda->dnn, cuda->stream));
    fill_table(cuda);
    return &cuda->backend;
}
