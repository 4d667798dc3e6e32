/* Channels put together, taken apart, averaged, compared: concat, slice, channel mean and maximum.
 */
#include <math.h>

#include "loops.h"

/* Channel c of a tensor as the source of a lane, from pixel `pixel` on. */
static lane_source channel_source(const float *tensor, ir_shape s, int image, int c, size_t pixel)
{
    const size_t width = (size_t)lanes(s.c);
    return (lane_source){tensor + channel_at(s, image, c) + pixel * width, width};
}

/* ---- concat
 * -------------------------------------------------------------------------------------*/

/* The input that channel c of the output comes from; c becomes the channel there. */
static const ir_node *owner(const ir_node *node, int *c)
{
    int k = 0;
    while (*c >= node->in[k]->shape.c)
        *c -= node->in[k++]->shape.c;
    return node->in[k];
}

static void concat_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const int count = parts_of(s), width = lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        lane_source from[B] = {0};
        for (int l = 0; l < width && p.block * width + l < s.c; l++) {
            int c = p.block * width + l;
            const ir_node *in = owner(node, &c);
            from[l] = channel_source(in->value, in->shape, p.image, c, p.pixel);
        }
        IR_NAME(ir_cpu_gather_lanes)(node->value + p.at, width, from, p.pixels, false);
    }
}

/* to (shape s) = the channels of from (shape t) from channel first on. */
static void copy_channels(float *to, ir_shape s, const float *from, ir_shape t, int first, bool add)
{
    const int count = parts_of(s), width = lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        lane_source lane[B] = {0};
        for (int l = 0; l < width; l++) {
            const int c = p.block * width + l;
            if (c < s.c && first + c >= 0 && first + c < t.c)
                lane[l] = channel_source(from, t, p.image, first + c, p.pixel);
        }
        IR_NAME(ir_cpu_gather_lanes)(to + p.at, width, lane, p.pixels, add);
    }
}

static void concat_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    int first = 0;
    for (int k = 0; k < node->inputs; k++) {
        const ir_node *in = node->in[k];
        if (node->grad_use[k] != IR_GRAD_NONE)
            copy_channels(in->grad, in->shape, node->grad, node->shape, first,
                          node->grad_use[k] == IR_GRAD_ADD);
        first += in->shape.c;
    }
}

/* ---- slice
 * --------------------------------------------------------------------------------------*/

static void slice_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_node *in = node->in[0];
    copy_channels(node->value, node->shape, in->value, in->shape, node->first, false);
}

/* Channels outside of the slice get zeros. */
static void slice_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_node *in = node->in[0];
    copy_channels(in->grad, in->shape, node->grad, node->shape, -node->first,
                  node->grad_use[0] == IR_GRAD_ADD);
}

/* ---- mean over the channels
 * ---------------------------------------------------------------------*/

static float pixel_sum(const float *x, ir_shape s)
{
    const int width = lanes(s.c);
    float sum[B] = {0}, total = 0;
    for (int c = 0; c < s.c; c++)
        sum[c % width] += x[(size_t)(c / width) * plane(s) + (size_t)(c % width)];
    for (int l = 0; l < width; l++)
        total += sum[l];
    return total;
}

static void channel_mean_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_node *in = node->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(node->shape);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(node->shape, i);
        const float *x = in->value + channel_at(s, p.image, 0) + p.pixel * (size_t)lanes(s.c);
        for (size_t k = 0; k < p.pixels; k++)
            node->value[p.at + k] = pixel_sum(x + k * (size_t)lanes(s.c), s) / (float)s.c;
    }
}

static void channel_mean_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_node *in = node->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(s);
    const size_t width = (size_t)lanes(s.c);
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
    const float share = 1 / (float)s.c;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const float *dy = node->grad + (size_t)p.image * pixels_of(s) + p.pixel;
        float *dx = in->grad + p.at;
        for (size_t k = 0; k < p.pixels; k++)
            for (size_t l = 0; l < width; l++)
                dx[k * width + l] = grad_of(dx[k * width + l], share * dy[k], add);
    }
}

/* ---- maximum over the channels; node->saved: the channel that won, an int32_t a pixel
 * -----------*/

static int32_t pixel_max(const float *x, ir_shape s, float *best)
{
    const int width = lanes(s.c);
    int32_t winner = 0;
    *best = x[0];
    for (int c = 1; c < s.c; c++) {
        const float value = x[(size_t)(c / width) * plane(s) + (size_t)(c % width)];
        if (value > *best) {
            *best = value;
            winner = c;
        }
    }
    return winner;
}

static void channel_max_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_node *in = node->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(node->shape);
    int32_t *winner = node->saved;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(node->shape, i);
        const float *x = in->value + channel_at(s, p.image, 0) + p.pixel * (size_t)lanes(s.c);
        for (size_t k = 0; k < p.pixels; k++)
            winner[p.at + k] = pixel_max(x + k * (size_t)lanes(s.c), s, &node->value[p.at + k]);
    }
}

static void channel_max_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_node *in = node->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(s);
    const size_t width = (size_t)lanes(s.c);
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const size_t pixel = (size_t)p.image * pixels_of(s) + p.pixel;
        const int32_t *winner = (int32_t *)node->saved + pixel;
        const float *dy = node->grad + pixel;
        float *dx = in->grad + p.at;
        for (size_t k = 0; k < p.pixels; k++)
            for (size_t l = 0; l < width; l++) {
                const bool won = winner[k] == p.block * (int)width + (int)l;
                dx[k * width + l] = grad_of(dx[k * width + l], won ? dy[k] : 0, add);
            }
    }
}

static void channel_max_prepare(ir_backend *b, ir_node *node)
{
    (void)b;
    node->saved_bytes = volume(node->shape) * sizeof(int32_t);
}

const ir_op_table IR_NAME(ir_cpu_concat) = {NULL, concat_forward, concat_backward, NULL};
const ir_op_table IR_NAME(ir_cpu_slice) = {NULL, slice_forward, slice_backward, NULL};
const ir_op_table IR_NAME(ir_cpu_channel_mean) = {NULL, channel_mean_forward, channel_mean_backward,
                                                  NULL};
const ir_op_table IR_NAME(ir_cpu_channel_max) = {channel_max_prepare, channel_max_forward,
                                                 channel_max_backward, NULL};
