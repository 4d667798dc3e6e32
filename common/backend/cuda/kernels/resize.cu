/* Bilinear resizing as PyTorch's interpolate does it, without antialiasing. The tables are made on
 * the host (backend/axis.h). The result may be a part of a concatenation, whose pixels have more
 * channels. */
#include <stdlib.h>
#include <string.h>

#include "device.h"

extern "C" {
#include "backend/axis.h"
}

/* One axis's tables on the device. */
struct axis {
    const int *low, *high, *first, *count, *at;
    const float *t, *weight;
};

struct tables {
    axis down, across;
    void *memory[2];
};

/* Copies the tables of a to the device, one after the other in *memory. */
static axis upload(const ir_axis &a, void **memory)
{
    const size_t in = (size_t)a.inputs, out = (size_t)a.outputs;
    const struct {
        const void *from;
        size_t count;
    } parts[] = {{a.low, out},
                 {a.high, out},
                 {a.first, in},
                 {a.count, in},
                 {a.at, in},
                 {a.t, out},
                 {a.weight, (size_t)a.weights}};
    const void *place[7];
    char *host = static_cast<char *>(ir_malloc((3 * out + 3 * in + (size_t)a.weights) * 4));
    size_t bytes = 0;
    for (int i = 0; i < 7; bytes += 4 * parts[i++].count)
        memcpy(host + bytes, parts[i].from, 4 * parts[i].count);
    *memory = ir_cuda_upload(host, bytes);
    free(host);
    bytes = 0;
    for (int i = 0; i < 7; bytes += 4 * parts[i++].count)
        place[i] = static_cast<char *>(*memory) + bytes;
    return {static_cast<const int *>(place[0]),  static_cast<const int *>(place[1]),
            static_cast<const int *>(place[2]),  static_cast<const int *>(place[3]),
            static_cast<const int *>(place[4]),  static_cast<const float *>(place[5]),
            static_cast<const float *>(place[6])};
}

/* Whether backward sums along x first. With far fewer inputs than outputs, there are too few
 * threads to gather in both directions at once; the sums along x are at most a quarter of the
 * outputs. */
static bool in_two_steps(const ir_call *call)
{
    return call->shape.w >= 4 * call->in[0]->shape.w;
}

static void prepare(ir_backend *, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    tables *of = static_cast<tables *>(ir_malloc(sizeof *of));
    const ir_axis down = ir_axis_make(s.h, t.h, call->align_corners);
    const ir_axis across = ir_axis_make(s.w, t.w, call->align_corners);
    of->down = upload(down, &of->memory[0]);
    of->across = upload(across, &of->memory[1]);
    ir_axis_free(down);
    ir_axis_free(across);
    call->state = of;
    if (call->wants_grad && in_two_steps(call))
        call->scratch_bytes = volume({t.n, t.c, t.h, s.w}) * sizeof(float);
}

static void release(ir_backend *, ir_call *call)
{
    tables *of = static_cast<tables *>(call->state);
    ir_cuda_free(of->memory[0]);
    ir_cuda_free(of->memory[1]);
    free(of);
}

static __device__ __forceinline__ float mix(float low, float high, float t)
{
    return (1 - t) * low + t * high;
}

static void forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const tables *of = static_cast<tables *>(call->state);
    const axis down = of->down, across = of->across;
    const ir_call *home = ir_call_home(call);
    const unsigned first = (unsigned)call->first, channels = (unsigned)t.c;
    const unsigned others = (unsigned)home->shape.c - channels;
    const real *x = value_of(call->in[0]);
    const auto place = [=] __device__(unsigned i) { return i + i / channels * others + first; };
    map_to(cuda_of(b), value_of(home), volume(t), false, place, [=] __device__(unsigned i) {
        const spot p = spot_of(t, i);
        const int top = down.low[p.y], bottom = down.high[p.y];
        const int left = across.low[p.x], right = across.high[p.x];
        const float v = down.t[p.y];
        const float a = mix(get(x, index_of(s, p.n, top, left, p.c)),
                            get(x, index_of(s, p.n, bottom, left, p.c)), v);
        const float z = mix(get(x, index_of(s, p.n, top, right, p.c)),
                            get(x, index_of(s, p.n, bottom, right, p.c)), v);
        return mix(a, z, across.t[p.x]);
    });
}

/* ---- backward: each number of dx gathers from the outputs that read it ------------------------*/

/* The sum of f(i) times its weight over the outputs i that read position j of an axis. */
template <class F> static __device__ __forceinline__ float gather(const axis &a, int j, F f)
{
    const int first = a.first[j], count = a.count[j];
    const float *weight = a.weight + a.at[j];
    float sum = 0;
    for (int k = 0; k < count; k++)
        sum += weight[k] * f(first + k);
    return sum;
}

/* The scratch memory has each row of dy summed along x, in float whatever the storage. */
static void backward_in_two_steps(ir_cuda *cuda, const ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    const ir_shape r = {t.n, t.c, t.h, s.w};
    const tables *of = static_cast<tables *>(call->state);
    const axis down = of->down, across = of->across;
    const ir_shape all = ir_call_home(call)->shape;
    const int first = call->first;
    const real *dy = grad_of(ir_call_home(call));
    real *dx = grad_of(call->in[0]);
    float *rows = static_cast<float *>(call->scratch);
    const bool add = adds(call, 0);
    each(cuda, volume(r), [=] __device__(unsigned i) {
        const spot p = spot_of(r, i);
        rows[i] = gather(across, p.x,
                         [=](int x) { return get(dy, index_of(all, p.n, p.y, x, first + p.c)); });
    });
    each(cuda, volume(s), [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        const float sum =
            gather(down, p.y, [=](int y) { return rows[index_of(r, p.n, y, p.x, p.c)]; });
        set(dx, i, add ? get(dx, i) + sum : sum);
    });
}

static void backward_at_once(ir_cuda *cuda, const ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const tables *of = static_cast<tables *>(call->state);
    const axis down = of->down, across = of->across;
    const ir_shape all = ir_call_home(call)->shape;
    const int first = call->first;
    const real *dy = grad_of(ir_call_home(call));
    map(cuda, grad_of(call->in[0]), volume(s), adds(call, 0), [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        return gather(down, p.y, [=](int y) {
            return gather(across, p.x,
                          [=](int x) { return get(dy, index_of(all, p.n, y, x, first + p.c)); });
        });
    });
}

static void backward(ir_backend *b, ir_call *call)
{
    if (in_two_steps(call))
        backward_in_two_steps(cuda_of(b), call);
    else
        backward_at_once(cuda_of(b), call);
}

const ir_op_table IR_NAME(ir_cuda_resize) = operation(prepare, forward, backward, release);
