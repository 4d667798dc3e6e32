/* Bilinear resizing as PyTorch's interpolate does it, without antialiasing. Two rows are mixed
 * first, then neighbours within that row. Positions are computed in double precision. The result
 * may be a part of a concatenation. */
#include <stdlib.h>

#include "backend/axis.h"
#include "base/base.h"
#include "loops.h"

typedef struct {
    ir_axis down, across;
} tables;

static size_t row_floats(ir_shape s)
{
    return (size_t)s.w * (size_t)lanes(s.c);
}

/* Scratch: a row for each thread, in forward of the input, in backward of the output. */
static void prepare(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const size_t widest = row_floats(s) > row_floats(t) ? row_floats(s) : row_floats(t);
    tables *of = ir_malloc(sizeof *of);
    of->down = ir_axis_make(s.h, t.h, call->align_corners);
    of->across = ir_axis_make(s.w, t.w, call->align_corners);
    call->state = of;
    call->scratch_bytes = (size_t)((ir_cpu *)b)->threads * widest * sizeof(float);
}

static void release(ir_backend *b, ir_call *call)
{
    (void)b;
    tables *of = call->state;
    ir_axis_free(of->down);
    ir_axis_free(of->across);
    free(of);
}

/* Where in the result's tensor, or the concatenation's, block i % blocks of image i / blocks is. */
static size_t block_at(const ir_call *call, int i)
{
    const ir_shape t = call->shape, home = ir_call_home(call)->shape;
    const int image = i / blocks(t.c), block = i % blocks(t.c) + call->first / B;
    return (size_t)(image * blocks(home.c) + block) * plane(t);
}

static inline float mix(float low, float high, float t)
{
    return (1 - t) * low + t * high;
}

static void mix_rows(float *row, const float *low, const float *high, float t, size_t floats)
{
#pragma omp simd
    for (size_t k = 0; k < floats; k++)
        row[k] = mix(low[k], high[k], t);
}

static void mix_pixels(float *y, const float *row, const ir_axis *a, int out)
{
    for (int i = 0; i < out; i++)
#pragma omp simd
        for (int l = 0; l < B; l++)
            y[i * B + l] = mix(row[a->low[i] * B + l], row[a->high[i] * B + l], a->t[i]);
}

/* The same for a plane. */
static void mix_numbers(float *y, const float *row, const ir_axis *a, int out)
{
    const int *low = a->low, *high = a->high;
    const float *t = a->t;
#pragma omp simd
    for (int i = 0; i < out; i++)
        y[i] = mix(row[low[i]], row[high[i]], t[i]);
}

static void forward(ir_backend *b, ir_call *call)
{
    const int threads = ((ir_cpu *)b)->threads;
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const tables *of = call->state;
    const size_t in = row_floats(s), out = row_floats(t);
    const int rows = t.n * blocks(t.c) * t.h;
#pragma omp parallel for schedule(static) num_threads(threads) if (!is_small(t))
    for (int i = 0; i < rows; i++) {
        const int y = i % t.h;
        const float *x = call->in[0]->value + (size_t)(i / t.h) * plane(s);
        const float *low = x + (size_t)of->down.low[y] * in;
        const float *high = x + (size_t)of->down.high[y] * in;
        float *row = (float *)call->scratch + (size_t)omp_get_thread_num() * in;
        mix_rows(row, low, high, of->down.t[y], in);
        float *to = ir_call_home(call)->value + block_at(call, i / t.h) + (size_t)y * out;
        if (t.c == 1)
            mix_numbers(to, row, &of->across, t.w);
        else
            mix_pixels(to, row, &of->across, t.w);
    }
}

/* d = or += the weighted sum of the gradients, each of `floats` floats, of all that read input j.
 */
static inline void gather(float *d, const float *dy, const ir_axis *a, int j, size_t floats,
                          bool add)
{
    const float *weight = a->weight + a->at[j], *from = dy + (size_t)a->first[j] * floats;
    const int count = a->count[j];
    if (count == 0 && !add)
        for (size_t i = 0; i < floats; i++)
            d[i] = 0;
    for (int k = 0; k < count; k += 2) {
        const bool pair = k + 1 < count;
        const float *one = from + (size_t)k * floats, *two = pair ? one + floats : one;
        const float w1 = weight[k], w2 = pair ? weight[k + 1] : 0;
#pragma omp simd
        for (size_t i = 0; i < floats; i++)
            d[i] = grad_of(d[i], w1 * one[i] + w2 * two[i], add || k > 0);
    }
}

static void gather_row(float *dx, const float *row, const ir_axis *a, int in, int width, bool add)
{
    for (int j = 0; j < in; j++)
        if (width == 1)
            gather(dx + j, row, a, j, 1, add);
        else
            gather(dx + j * B, row, a, j, B, add);
}

static void backward(ir_backend *b, ir_call *call)
{
    const int threads = ((ir_cpu *)b)->threads;
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const tables *of = call->state;
    const size_t in = row_floats(s), out = row_floats(t);
    const int rows = s.n * blocks(s.c) * s.h;
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) num_threads(threads) if (!is_small(t))
    for (int i = 0; i < rows; i++) {
        float *dx = call->in[0]->grad + (size_t)i * in;
        float *row = (float *)call->scratch + (size_t)omp_get_thread_num() * out;
        const float *dy = ir_call_home(call)->grad + block_at(call, i / s.h);
        gather(row, dy, &of->down, i % s.h, out, false);
        gather_row(dx, row, &of->across, s.w, lanes(s.c), add);
    }
}

const ir_op_table IR_NAME(ir_cpu_resize) = {
    .prepare = prepare, .forward = forward, .backward = backward, .release = release};
