/* The CPU backend: which instruction set, memory, and the table that graphs call. */
#include "backend/cpu/cpu.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/onednn.h"
#include "base/base.h"
#include "comm/comm.h"

static size_t tensor_bytes(ir_backend *b, const ir_call *call)
{
    const int block = ((ir_cpu *)b)->isa->block;
    const ir_shape s = call->shape;
    const size_t lanes = s.c == 1 ? 1 : (size_t)((s.c + block - 1) / block * block);
    return (size_t)s.n * lanes * (size_t)s.h * (size_t)s.w * sizeof(float);
}

static void *alloc(ir_backend *b, size_t bytes)
{
    (void)b;
    void *memory = ir_aligned(bytes);
    memset(memory, 0, bytes);
    return memory;
}

static void release(ir_backend *b, void *memory)
{
    (void)b;
    free(memory);
}

static void clear(ir_backend *b, void *memory, size_t bytes)
{
    (void)b;
    memset(memory, 0, bytes);
}

static size_t bytes_of(ir_layout layout)
{
    return layout.rows * (size_t)layout.channels * (size_t)layout.taps * sizeof(float);
}

static void write_array(ir_backend *b, float *array, const float *host, ir_layout layout)
{
    (void)b;
    memcpy(array, host, bytes_of(layout));
}

static void read_array(ir_backend *b, const float *array, float *host, ir_layout layout)
{
    (void)b;
    memcpy(host, array, bytes_of(layout));
}

static void sum_start(ir_backend *b, float *x, size_t count)
{
    ir_comm_sum_start(b->comm, x, count);
}

static void sum_finish(ir_backend *b)
{
    ir_comm_sum_finish(b->comm);
}

static void close_cpu(ir_backend *b)
{
    ir_cpu *cpu = (ir_cpu *)b;
    ir_dnn_free(cpu->dnn);
    free(cpu);
}

/* Best first. */
static const ir_cpu_isa *const isas[] = {
#if defined(__x86_64__)
    &ir_cpu_avx512, &ir_cpu_avx2,
#endif
    &ir_cpu_base};

static bool machine_runs(const ir_cpu_isa *isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (isa == &ir_cpu_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512cd");
    if (isa == &ir_cpu_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return isa == &ir_cpu_base;
}

static const ir_cpu_isa *choose(const char *name)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
        if ((!name || strcmp(name, isas[i]->name) == 0) && machine_runs(isas[i]))
            return isas[i];
    return NULL;
}

ir_backend *ir_cpu_backend_open(const ir_backend_options *options, const char *name)
{
    const bool portable = name && strcmp(name, "portable") == 0;
    const ir_cpu_isa *isa = choose(portable ? "base" : name);
    if (!isa)
        return NULL;
    ir_cpu *cpu = ir_calloc(1, sizeof *cpu);
    cpu->isa = isa;
    cpu->threads = options->threads > 0 ? options->threads : ir_default_threads();
    cpu->precision = options->precision;
    omp_set_dynamic(0);
    omp_set_num_threads(cpu->threads);
    cpu->dnn = ir_dnn_new();
#if defined(__x86_64__)
    cpu->direct = portable;
#else
    cpu->direct = true; /* oneDNN has nothing but its reference implementations there */
#endif
    cpu->backend = (ir_backend){
        .name = "cpu",
        .kind = isa->name,
        .comm = options->comm,
        .graphs_limit = (size_t)512 << 20,
        .training_limit = (size_t)64 << 20,
        .in_place = true,
        .part_step = isa->block,
        .op = isa->op,
        .fp32_op = isa->op,
        .tensor_bytes = tensor_bytes,
        .alloc = alloc,
        .free = release,
        .put = isa->put,
        .get = isa->get,
        .clear = clear,
        .write = write_array,
        .read = read_array,
        .adam = isa->adam,
        .sgd = isa->sgd,
        .average = isa->average,
        .sum_start = sum_start,
        .sum_finish = sum_finish,
        .close = close_cpu,
    };
    return &cpu->backend;
}
