/* Concatenates and slices channels, and takes their mean and their maximum.
 */
#include "lanes.h"

/* to[p, c] = or += from[p, first + c]. Where `from` has no such channel, `to` becomes 0 or keeps
 * what it has. */
static void copy_channels(ir_cuda *cuda, real *to, unsigned count, int channels, const real *from,
                          int from_channels, int first, bool add)
{
    map(cuda, to, count, add, [=] __device__(unsigned i) {
        const unsigned pixel = i / (unsigned)channels;
        const int c = first + (int)(i - pixel * (unsigned)channels);
        return c < 0 || c >= from_channels
                   ? 0
                   : get(from, pixel * (unsigned)from_channels + (unsigned)c);
    });
}

/* ---- concat: an input that is resized here is computed where its channels of y are ------------*/

static void concat_forward(ir_backend *b, ir_call *call)
{
    int first = 0;
    real *y = value_of(call);
    const unsigned all = (unsigned)call->shape.c;
    for (int k = 0; k < call->inputs; k++) {
        const ir_call *in = call->in[k];
        const unsigned channels = (unsigned)in->shape.c, at = (unsigned)first;
        const real *x = value_of(in);
        if (call->part[k])
            ir_op_of(b, call->part[k])->forward(b, call->part[k]);
        else
            map_to(
                cuda_of(b), y, volume(in->shape), false,
                [=] __device__(unsigned i) { return i + i / channels * (all - channels) + at; },
                [=] __device__(unsigned i) { return get(x, i); });
        first += in->shape.c;
    }
}

static void concat_backward(ir_backend *b, ir_call *call)
{
    int first = 0;
    for (int k = 0; k < call->inputs; k++) {
        const ir_call *in = call->in[k];
        if (call->grad_use[k] != IR_GRAD_NONE && call->part[k])
            ir_op_of(b, call->part[k])->backward(b, call->part[k]);
        else if (call->grad_use[k] != IR_GRAD_NONE)
            copy_channels(cuda_of(b), grad_of(in), volume(in->shape), in->shape.c, grad_of(call),
                          call->shape.c, first, adds(call, k));
        first += in->shape.c;
    }
}

/* ---- slice ------------------------------------------------------------------------------------*/

static void slice_forward(ir_backend *b, ir_call *call)
{
    copy_channels(cuda_of(b), value_of(call), volume(call->shape), call->shape.c,
                  value_of(call->in[0]), call->in[0]->shape.c, call->first, false);
}

static void slice_backward(ir_backend *b, ir_call *call)
{
    const ir_call *in = call->in[0];
    copy_channels(cuda_of(b), grad_of(in), volume(in->shape), in->shape.c, grad_of(call),
                  call->shape.c, -call->first, adds(call, 0));
}

/* ---- mean over the channels -------------------------------------------------------------------*/

static void channel_mean_forward(ir_backend *b, ir_call *call)
{
    const unsigned channels = (unsigned)call->in[0]->shape.c;
    const real *x = value_of(call->in[0]);
    real *y = value_of(call);
    join_channels(
        cuda_of(b), volume(call->shape), channels, 0.0f,
        [=] __device__(unsigned pixel, unsigned c) { return get(x, pixel * channels + c); },
        [=] __device__(unsigned pixel, float sum) { set(y, pixel, sum / (float)channels); });
}

static void channel_mean_backward(ir_backend *b, ir_call *call)
{
    const ir_call *in = call->in[0];
    const unsigned channels = (unsigned)in->shape.c;
    const float share = 1 / (float)channels;
    const real *dy = grad_of(call);
    map(cuda_of(b), grad_of(in), volume(in->shape), adds(call, 0),
        [=] __device__(unsigned i) { return share * get(dy, i / channels); });
}

/* ---- maximum over the channels; call->saved: the first channel that has it, an int a pixel ----*/

static void channel_max_prepare(ir_backend *, ir_call *call)
{
    call->saved_bytes = volume(call->shape) * sizeof(int);
}

static void channel_max_forward(ir_backend *b, ir_call *call)
{
    const unsigned channels = (unsigned)call->in[0]->shape.c;
    const real *x = value_of(call->in[0]);
    real *y = value_of(call);
    int *winner = static_cast<int *>(call->saved);
    join_channels(
        cuda_of(b), volume(call->shape), channels, peak{-INFINITY, NOWHERE},
        [=] __device__(unsigned pixel, unsigned c) {
            return peak{get(x, pixel * channels + c), c};
        },
        [=] __device__(unsigned pixel, peak best) {
            set(y, pixel, best.value);
            winner[pixel] = (int)best.at;
        });
}

/* The winner alone gets the gradient. When adding, the other channels are not touched. */
static void channel_max_backward(ir_backend *b, ir_call *call)
{
    const ir_call *in = call->in[0];
    const unsigned channels = (unsigned)in->shape.c;
    const real *dy = grad_of(call);
    real *dx = grad_of(in);
    const int *winner = static_cast<int *>(call->saved);
    if (adds(call, 0)) {
        each(cuda_of(b), volume(call->shape), [=] __device__(unsigned pixel) {
            const unsigned i = pixel * channels + (unsigned)winner[pixel];
            set(dx, i, get(dx, i) + get(dy, pixel));
        });
        return;
    }
    map(cuda_of(b), dx, volume(in->shape), false, [=] __device__(unsigned i) {
        const unsigned pixel = i / channels;
        return winner[pixel] == (int)(i - pixel * channels) ? get(dy, pixel) : 0;
    });
}

const ir_op_table IR_NAME(ir_cuda_concat) = operation(nullptr, concat_forward, concat_backward);
const ir_op_table IR_NAME(ir_cuda_slice) = operation(nullptr, slice_forward, slice_backward);
const ir_op_table IR_NAME(ir_cuda_channel_mean) = operation(nullptr, channel_mean_forward,
                                                            channel_mean_backward);
const ir_op_table IR_NAME(ir_cuda_channel_max) = operation(channel_max_prepare, channel_max_forward,
                                                           channel_max_backward);
