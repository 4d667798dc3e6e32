/* Concatenates and slices channels, and takes their mean and their maximum.
 */
#include <math.h>
#include <string.h>

#include "loops.h"

/* Channel c of a tensor as the source of a lane, from pixel `pixel` on. */
static lane_source channel_source(const float *tensor, ir_shape s, int image, int c, size_t pixel)
{
    const size_t width = (size_t)lanes(s.c);
    return (lane_source){tensor + channel_at(s, image, c) + pixel * width, width};
}

/* ---- concat -------------------------------------------------------------------------------------
 *
 * An input that is resized here begins at a block and fills whole blocks (part_step). */

/* Which input channel *c of the output comes from; *c becomes its channel there. */
static int owner(const ir_call *call, int *c)
{
    int k = 0;
    while (*c >= call->in[k]->shape.c)
        *c -= call->in[k++]->shape.c;
    return k;
}

static bool is_resized(const ir_call *call, part p)
{
    int c = p.block * B;
    return call->part[owner(call, &c)];
}

static void concat_part(ir_call *call, part p)
{
    const ir_shape s = call->shape;
    const int width = lanes(s.c);
    lane_source from[B] = {0};
    for (int l = 0; l < width && p.block * width + l < s.c; l++) {
        int c = p.block * width + l;
        const ir_call *in = call->in[owner(call, &c)];
        from[l] = channel_source(in->value, in->shape, p.image, c, p.pixel);
    }
    IR_NAME(ir_cpu_gather_lanes)(call->value + p.at, width, from, p.pixels, false);
}

static void concat_forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->shape;
    const int count = parts_of(s);
    for (int k = 0; k < call->inputs; k++)
        if (call->part[k])
            ir_op_of(b, call->part[k])->forward(b, call->part[k]);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        if (!is_resized(call, p))
            concat_part(call, p);
    }
}

/* `to` (shape s) = or += the channels of `from` (shape t), from channel `first` on. */
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

static void concat_backward(ir_backend *b, ir_call *call)
{
    int first = 0;
    for (int k = 0; k < call->inputs; k++) {
        const ir_call *in = call->in[k];
        if (call->grad_use[k] != IR_GRAD_NONE && call->part[k])
            ir_op_of(b, call->part[k])->backward(b, call->part[k]);
        else if (call->grad_use[k] != IR_GRAD_NONE)
            copy_channels(in->grad, in->shape, call->grad, call->shape, first,
                          call->grad_use[k] == IR_GRAD_ADD);
        first += in->shape.c;
    }
}

/* ---- slice ------------------------------------------------------------------------------------*/

static void slice_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_call *in = call->in[0];
    copy_channels(call->value, call->shape, in->value, in->shape, call->first, false);
}

/* Channels outside of the slice get zeros. */
static void slice_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_call *in = call->in[0];
    copy_channels(in->grad, in->shape, call->grad, call->shape, -call->first,
                  call->grad_use[0] == IR_GRAD_ADD);
}

/* ---- mean over the channels -------------------------------------------------------------------*/

/* For at most ROW pixels; block: floats from one block of channels to the next. */
static void mean_channels(float *y, const float *x, size_t pixels, int channels, size_t block)
{
    float sum[ROW * B] = {0}, total[ROW];
    for (int c = 0; c < channels; c += B, x += block)
        add_channels(sum, x, pixels, channels - c);
    total_lanes(total, sum);
    for (size_t k = 0; k < pixels; k++)
        y[k] = total[k] / (float)channels;
}

static void channel_mean_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_call *in = call->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(call->shape);
    const size_t width = (size_t)lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(call->shape, i);
        const float *x = in->value + channel_at(s, p.image, 0) + p.pixel * width;
        float *y = call->value + p.at;
        for (size_t k = 0; k < p.pixels; k += ROW)
            if (s.c == 1)
                memcpy(y + k, x + k, smaller(ROW, p.pixels - k) * sizeof *y);
            else
                mean_channels(y + k, x + k * B, smaller(ROW, p.pixels - k), s.c, plane(s));
    }
}

/* Every channel gets the same gradient. */
static inline void spread(float *dx, const float *dy, size_t pixels, float share, size_t width,
                          bool add)
{
    for (size_t k = 0; k < pixels; k++)
#pragma omp simd
        for (size_t l = 0; l < width; l++)
            dx[k * width + l] = grad_of(dx[k * width + l], share * dy[k], add);
}

static void channel_mean_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_call *in = call->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(s);
    const size_t width = (size_t)lanes(s.c);
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
    const float share = 1 / (float)s.c;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const float *dy = call->grad + (size_t)p.image * pixels_of(s) + p.pixel;
        float *dx = in->grad + p.at;
        if (width == 1)
            spread(dx, dy, p.pixels, share, 1, add);
        else
            spread(dx, dy, p.pixels, share, B, add);
    }
}

/* ---- maximum over the channels; call->saved: the channel that won, an int32_t a pixel ---------*/

/* For each lane the largest value so far, and its channel. */
typedef struct {
    float value[ROW * B];
    int32_t channel[ROW * B];
} best_of_lanes;

static void take_better(best_of_lanes *best, const float *x, size_t pixels, int channel, int real)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (int l = 0; l < B; l++) {
            const size_t at = p * B + (size_t)l;
            const int won = -((x[at] > best->value[at]) & (l < real));
            best->channel[at] = (won & (channel + l)) | (~won & best->channel[at]);
            best->value[at] = won ? x[at] : best->value[at];
        }
}

/* The largest over the lanes. Of equals the lowest channel wins. */
static void best_lanes(float *y, int32_t *winner, const best_of_lanes *best, size_t pixels)
{
#pragma omp simd
    for (size_t p = 0; p < pixels; p++) {
        float value = best->value[p * B];
        int32_t channel = best->channel[p * B];
        for (size_t l = 1; l < B; l++) {
            const float v = best->value[p * B + l];
            const int32_t c = best->channel[p * B + l];
            const int won = -((v > value) | ((v == value) & (c < channel)));
            channel = (won & c) | (~won & channel);
            value = v > value ? v : value;
        }
        y[p] = value;
        winner[p] = channel;
    }
}

/* For at most ROW pixels; block: floats from one block of channels to the next. */
static void max_channels(float *y, int32_t *winner, const float *x, size_t pixels, int channels,
                         size_t block)
{
    best_of_lanes best;
    for (size_t i = 0; i < ROW * B; i++) {
        best.value[i] = -INFINITY;
        best.channel[i] = (int32_t)(i % B);
    }
    for (int c = 0; c < channels; c += B, x += block)
        take_better(&best, x, pixels, c, channels - c);
    best_lanes(y, winner, &best, pixels);
}

static void channel_max_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_call *in = call->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(call->shape);
    const size_t width = (size_t)lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(call->shape, i);
        const float *x = in->value + channel_at(s, p.image, 0) + p.pixel * width;
        float *y = call->value + p.at;
        int32_t *winner = (int32_t *)call->saved + p.at;
        for (size_t k = 0; k < p.pixels; k += ROW) {
            const size_t take = smaller(ROW, p.pixels - k);
            if (s.c == 1) {
                memcpy(y + k, x + k, take * sizeof *y);
                memset(winner + k, 0, take * sizeof *winner);
            } else {
                max_channels(y + k, winner + k, x + k * B, take, s.c, plane(s));
            }
        }
    }
}

/* The winner alone gets the gradient; channel: the block's first. */
static inline void to_winner(float *dx, const float *dy, const int32_t *winner, size_t pixels,
                             int channel, int width, bool add)
{
    for (size_t k = 0; k < pixels; k++)
#pragma omp simd
        for (int l = 0; l < width; l++) {
            const float won = winner[k] == channel + l ? 1 : 0;
            float *d = &dx[k * (size_t)width + (size_t)l];
            *d = grad_of(*d, won * dy[k], add);
        }
}

static void channel_max_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_call *in = call->in[0];
    const ir_shape s = in->shape;
    const int count = parts_of(s);
    const size_t width = (size_t)lanes(s.c);
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const size_t pixel = (size_t)p.image * pixels_of(s) + p.pixel;
        const int32_t *winner = (int32_t *)call->saved + pixel;
        const float *dy = call->grad + pixel;
        float *dx = in->grad + p.at;
        if (width == 1)
            to_winner(dx, dy, winner, p.pixels, 0, 1, add);
        else
            to_winner(dx, dy, winner, p.pixels, p.block * B, B, add);
    }
}

static void channel_max_prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    call->saved_bytes = volume(call->shape) * sizeof(int32_t);
}

const ir_op_table IR_NAME(ir_cpu_concat) = {.forward = concat_forward, .backward = concat_backward};
const ir_op_table IR_NAME(ir_cpu_slice) = {.forward = slice_forward, .backward = slice_backward};
const ir_op_table IR_NAME(ir_cpu_channel_mean) = {.forward = channel_mean_forward,
                                                  .backward = channel_mean_backward};
const ir_op_table IR_NAME(ir_cpu_channel_max) = {.prepare = channel_max_prepare,
                                                 .forward = channel_max_forward,
                                                 .backward = channel_max_backward};
