/* Channels put together, taken apart, averaged, compared: concat, slice, channel mean and maximum.
 */
#include "lanes.h"

/* to[p, c] = from[p, first + c], both with so many channels a pixel; written or added. Channels of
 * `to` that `from` has not are written 0, or left. */
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

/* ---- concat: each input has its own place among the channels of y, where a resized one is made */

static void concat_forward(ir_backend *b, ir_node *node)
{
    int first = 0;
    real *y = value_of(node);
    const unsigned all = (unsigned)node->shape.c;
    for (int k = 0; k < node->inputs; k++) {
        const ir_node *in = node->in[k];
        const unsigned channels = (unsigned)in->shape.c, at = (unsigned)first;
        const real *x = value_of(in);
        if (node->part[k])
            ir_op_of(b, node->part[k])->forward(b, node->part[k]);
        else
            map_to(
                cuda_of(b), y, volume(in->shape), false,
                [=] __device__(unsigned i) { return i + i / channels * (all - channels) + at; },
                [=] __device__(unsigned i) { return get(x, i); });
        first += in->shape.c;
    }
}

static void concat_backward(ir_backend *b, ir_node *node)
{
    int first = 0;
    for (int k = 0; k < node->inputs; k++) {
        const ir_node *in = node->in[k];
        if (node->grad_use[k] != IR_GRAD_NONE && node->part[k])
            ir_op_of(b, node->part[k])->backward(b, node->part[k]);
        else if (node->grad_use[k] != IR_GRAD_NONE)
            copy_channels(cuda_of(b), grad_of(in), volume(in->shape), in->shape.c, grad_of(node),
                          node->shape.c, first, adds(node, k));
        first += in->shape.c;
    }
}

/* ---- slice ------------------------------------------------------------------------------------*/

static void slice_forward(ir_backend *b, ir_node *node)
{
    copy_channels(cuda_of(b), value_of(node), volume(node->shape), node->shape.c,
                  value_of(node->in[0]), node->in[0]->shape.c, node->first, false);
}

static void slice_backward(ir_backend *b, ir_node *node)
{
    const ir_node *in = node->in[0];
    copy_channels(cuda_of(b), grad_of(in), volume(in->shape), in->shape.c, grad_of(node),
                  node->shape.c, -node->first, adds(node, 0));
}

/* ---- mean over the channels -------------------------------------------------------------------*/

static void channel_mean_forward(ir_backend *b, ir_node *node)
{
    const unsigned channels = (unsigned)node->in[0]->shape.c;
    const real *x = value_of(node->in[0]);
    real *y = value_of(node);
    join_channels(
        cuda_of(b), volume(node->shape), channels, 0.0f,
        [=] __device__(unsigned pixel, unsigned c) { return get(x, pixel * channels + c); },
        [=] __device__(unsigned pixel, float sum) { set(y, pixel, sum / (float)channels); });
}

static void channel_mean_backward(ir_backend *b, ir_node *node)
{
    const ir_node *in = node->in[0];
    const unsigned channels = (unsigned)in->shape.c;
    const float share = 1 / (float)channels;
    const real *dy = grad_of(node);
    map(cuda_of(b), grad_of(in), volume(in->shape), adds(node, 0),
        [=] __device__(unsigned i) { return share * get(dy, i / channels); });
}

/* ---- maximum over the channels; node->saved: the first channel that has it, an int a pixel ----*/

static void channel_max_prepare(ir_backend *, ir_node *node)
{
    node->saved_bytes = volume(node->shape) * sizeof(int);
}

static void channel_max_forward(ir_backend *b, ir_node *node)
{
    const unsigned channels = (unsigned)node->in[0]->shape.c;
    const real *x = value_of(node->in[0]);
    real *y = value_of(node);
    int *winner = static_cast<int *>(node->saved);
    join_channels(
        cuda_of(b), volume(node->shape), channels, peak{-INFINITY, NOWHERE},
        [=] __device__(unsigned pixel, unsigned c) {
            return peak{get(x, pixel * channels + c), c};
        },
        [=] __device__(unsigned pixel, peak best) {
            set(y, pixel, best.value);
            winner[pixel] = (int)best.at;
        });
}

/* To the winner alone; where others have something from elsewhere they are not touched. */
static void channel_max_backward(ir_backend *b, ir_node *node)
{
    const ir_node *in = node->in[0];
    const unsigned channels = (unsigned)in->shape.c;
    const real *dy = grad_of(node);
    real *dx = grad_of(in);
    const int *winner = static_cast<int *>(node->saved);
    if (adds(node, 0)) {
        each(cuda_of(b), volume(node->shape), [=] __device__(unsigned pixel) {
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
