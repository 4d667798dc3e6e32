/* The CUDA backend: opening a device, memory, captured passes, and the table that graphs call. */
#include "backend/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cuda/transforms.h"

extern "C" {
#include "backend/cuda/plugin.h"
}

/* The length of the function's name in the text of a call. */
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
    /* The copy may return before it is complete, and our stream does not wait for it. */
    IR_CUDA(cudaDeviceSynchronize());
    return memory;
}

static const ir_storage *storage_of(ir_backend *b, const ir_call *call)
{
    return call->fp32 ? &ir_cuda_float : cuda_of(b)->storage;
}

static size_t tensor_bytes(ir_backend *b, const ir_call *call)
{
    const ir_shape s = call->shape;
    return (size_t)s.n * (size_t)s.c * (size_t)s.h * (size_t)s.w * storage_of(b, call)->size;
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

/* A reserve is left for CUDA's own libraries, which allocate when they are first used. */
static size_t available(ir_backend *)
{
    const size_t reserve = (size_t)64 << 20, there = free_memory();
    return there > reserve ? there - reserve : 0;
}

/* ---- to the device ----------------------------------------------------------------------------*/

/* Makes *memory pinned memory of at least so many bytes; a smaller one is replaced. */
static void make_pinned(void **memory, size_t *there, size_t bytes)
{
    if (*there >= bytes)
        return;
    if (*memory)
        IR_CUDA(cudaFreeHost(*memory));
    IR_CUDA(cudaMallocHost(memory, bytes));
    *there = bytes;
}

static cudaEvent_t new_event(void)
{
    cudaEvent_t event;
    IR_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    return event;
}

/* The next staging, after the copy that still uses it. */
static ir_staging *next_staging(ir_cuda *cuda, size_t bytes)
{
    ir_staging *s = &cuda->staging[cuda->turn++ % IR_STAGINGS];
    if (s->done)
        IR_CUDA(cudaEventSynchronize(s->done));
    else
        s->done = new_event();
    make_pinned(&s->memory, &s->bytes, bytes);
    return s;
}

static void send(ir_cuda *cuda, ir_staging *s, void *to, size_t bytes)
{
    IR_CUDA(cudaMemcpyAsync(to, s->memory, bytes, cudaMemcpyHostToDevice, cuda->stream));
    IR_CUDA(cudaEventRecord(s->done, cuda->stream));
}

/* Copies to device memory while the device still works on earlier calls. After those, a fast copy
 * within the device follows. */
static void send_meanwhile(ir_cuda *cuda, ir_staging *s, void *to, size_t bytes)
{
    if (s->device_bytes < bytes) {
        ir_cuda_free(s->device);
        s->device = ir_cuda_alloc(bytes);
        s->device_bytes = bytes;
    }
    if (!s->arrived)
        s->arrived = new_event();
    IR_CUDA(cudaMemcpyAsync(s->device, s->memory, bytes, cudaMemcpyHostToDevice, cuda->arrivals));
    IR_CUDA(cudaEventRecord(s->arrived, cuda->arrivals));
    IR_CUDA(cudaStreamWaitEvent(cuda->stream, s->arrived, 0));
    IR_CUDA(cudaMemcpyAsync(to, s->device, bytes, cudaMemcpyDeviceToDevice, cuda->stream));
    IR_CUDA(cudaEventRecord(s->done, cuda->stream));
}

/* Bytes below which two copies take longer than one. */
static const size_t worth_two_copies = (size_t)64 << 10;

static void put(ir_backend *b, const ir_call *call, void *tensor, const float *nchw)
{
    ir_cuda *cuda = cuda_of(b);
    const size_t bytes = tensor_bytes(b, call);
    ir_staging *s = next_staging(cuda, bytes);
    storage_of(b, call)->from_host(s->memory, nchw, call->shape);
    if (bytes < worth_two_copies)
        send(cuda, s, tensor, bytes);
    else
        send_meanwhile(cuda, s, tensor, bytes);
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

/* Waits for all work, and copies device memory to pinned memory that is valid until the next
 * staging.
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

static void fetch(ir_backend *b, ir_call *call)
{
    ir_cuda *cuda = cuda_of(b);
    const size_t bytes = tensor_bytes(b, call);
    ir_fetched *f = cuda->spare, **end = &cuda->fetched;
    if (f)
        cuda->spare = f->next;
    else
        f = static_cast<ir_fetched *>(ir_calloc(1, sizeof *f));
    if (!f->done)
        f->done = new_event();
    make_pinned(&f->memory, &f->bytes, bytes);
    IR_CUDA(cudaMemcpyAsync(f->memory, call->value, bytes, cudaMemcpyDeviceToHost, cuda->stream));
    IR_CUDA(cudaEventRecord(f->done, cuda->stream));
    f->tensor = call->value;
    f->next = nullptr;
    while (*end)
        end = &(*end)->next;
    *end = f;
}

/* Removes the earliest fetched value of a tensor from the list; NULL where there is none. */
static ir_fetched *take_fetched(ir_cuda *cuda, const void *tensor)
{
    ir_fetched **link = &cuda->fetched;
    while (*link && (*link)->tensor != tensor)
        link = &(*link)->next;
    ir_fetched *f = *link;
    if (f)
        *link = f->next;
    return f;
}

static void get(ir_backend *b, const ir_call *call, const void *tensor, float *nchw)
{
    ir_cuda *cuda = cuda_of(b);
    ir_fetched *f = take_fetched(cuda, tensor);
    if (!f) {
        const void *copy = receive(cuda, tensor, tensor_bytes(b, call));
        storage_of(b, call)->to_host(nchw, copy, call->shape);
        return;
    }
    IR_CUDA(cudaEventSynchronize(f->done));
    storage_of(b, call)->to_host(nchw, f->memory, call->shape);
    f->next = cuda->spare;
    cuda->spare = f;
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

static void average(ir_backend *b, float *a, const float *x, size_t count, float weight)
{
    cuda_of(b)->storage->average(cuda_of(b), a, x, count, weight);
}

/* ---- captured passes: CUDA graphs -------------------------------------------------------------*/

static void begin_capture(ir_backend *b)
{
    IR_CUDA(cudaStreamBeginCapture(cuda_of(b)->stream, cudaStreamCaptureModeThreadLocal));
}

static void *end_capture(ir_backend *b)
{
    cudaGraph_t graph;
    cudaGraphExec_t ready;
    IR_CUDA(cudaStreamEndCapture(cuda_of(b)->stream, &graph));
    IR_CUDA(cudaGraphInstantiate(&ready, graph, 0));
    IR_CUDA(cudaGraphDestroy(graph));
    return ready;
}

static void replay(ir_backend *b, void *capture)
{
    IR_CUDA(cudaGraphLaunch(static_cast<cudaGraphExec_t>(capture), cuda_of(b)->stream));
}

static void release_capture(ir_backend *b, void *capture)
{
    wait(b);
    IR_CUDA(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(capture)));
}

/* ---- opening and closing ----------------------------------------------------------------------*/

static void free_staging(ir_staging *s)
{
    if (s->done)
        IR_CUDA(cudaEventDestroy(s->done));
    if (s->arrived)
        IR_CUDA(cudaEventDestroy(s->arrived));
    if (s->memory)
        IR_CUDA(cudaFreeHost(s->memory));
    ir_cuda_free(s->device);
}

static void free_fetched(ir_fetched *f)
{
    while (f) {
        ir_fetched *next = f->next;
        IR_CUDA(cudaEventDestroy(f->done));
        IR_CUDA(cudaFreeHost(f->memory));
        free(f);
        f = next;
    }
}

static void close_cuda(ir_backend *b)
{
    ir_cuda *cuda = cuda_of(b);
    wait(b);
    ir_transforms_free(cuda);
    for (int i = 0; i < IR_STAGINGS; i++)
        free_staging(&cuda->staging[i]);
    free_fetched(cuda->fetched);
    free_fetched(cuda->spare);
    IR_CUDNN(cudnnDestroy(cuda->dnn));
    IR_CUDA(cudaStreamDestroy(cuda->arrivals));
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

/* The other half of the memory is left to others, and to graphs of other shapes. */
static size_t graphs_limit(void)
{
    return free_memory() / 2;
}

static void fill_table(ir_cuda *cuda)
{
    ir_backend *b = &cuda->backend;
    b->name = cuda->name;
    b->graphs_limit = graphs_limit();
    b->training_limit = b->graphs_limit;
    b->part_step = 1;
    b->op = cuda->storage->op;
    b->fp32_op = ir_cuda_float.op;
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
    b->average = average;
    b->begin_capture = begin_capture;
    b->end_capture = end_capture;
    b->replay = replay;
    b->release_capture = release_capture;
    b->wait = wait;
    b->close = close_cuda;
}

const uint64_t ir_cuda_interface = IR_INTERFACE;

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
    IR_CUDA(cudaStreamCreateWithFlags(&cuda->arrivals, cudaStreamNonBlocking));
    IR_CUDNN(cudnnCreate(&cuda->dnn));
    IR_CUDNN(cudnnSetStream(cuda->dnn, cuda->stream));
    fill_table(cuda);
    return &cuda->backend;
}
