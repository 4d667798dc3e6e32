/* Convolutions tap by tap: see direct.h. For one row of results and one tap, the samples that it
 * multiplies lie in one row, a stride apart. Rows of results are summed where they are stored. */
#include "direct.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "pixel.h"

enum { GROUP = 8 }; /* sums in registers at a time */

struct direct {
    ir_dnn_shape s;
    int threads;
    /* [block of oc][block of ic][tap][lane of ic][lane of oc], and with oc and ic exchanged; for a
     * depthwise one both are [block][tap][lane] */
    float *forward, *backward;
};

static size_t taps_of(const direct *c)
{
    return (size_t)(c->s.kernel * c->s.kernel);
}
static size_t weight_floats(const direct *c)
{
    return (size_t)c->s.oc * (size_t)(c->s.depthwise ? 1 : c->s.ic) * taps_of(c);
}

direct *direct_new(const ir_dnn_shape *shape, int threads)
{
    direct *c = ir_calloc(1, sizeof *c);
    c->s = *shape;
    c->threads = threads;
    c->forward = ir_aligned(weight_floats(c) * sizeof(float));
    c->backward = c->s.depthwise ? c->forward : ir_aligned(weight_floats(c) * sizeof(float));
    return c;
}

void direct_free(direct *c)
{
    if (!c)
        return;
    if (!c->s.depthwise)
        free(c->backward);
    free(c->forward);
    free(c);
}

/* Where the weights of a tap for two blocks begin; the inner block is one of `inners`. */
static float *weights_at(float *weights, const direct *c, int outer, int inner, int inners, int tap)
{
    const size_t lanes = c->s.depthwise ? B : B * B;
    return weights + (((size_t)(outer * inners + inner)) * taps_of(c) + (size_t)tap) * lanes;
}

void direct_set_weights(direct *c, const float *oihw)
{
    const int taps = (int)taps_of(c), ic = c->s.depthwise ? 1 : c->s.ic;
    for (int o = 0; o < c->s.oc; o++)
        for (int i = 0; i < ic; i++)
            for (int t = 0; t < taps; t++) {
                const float w =
                    oihw[((size_t)o * (size_t)ic + (size_t)i) * (size_t)taps + (size_t)t];
                if (c->s.depthwise) {
                    weights_at(c->forward, c, o / B, 0, 1, t)[o % B] = w;
                    continue;
                }
                weights_at(c->forward, c, o / B, i / B, ic / B, t)[i % B * B + o % B] = w;
                weights_at(c->backward, c, i / B, o / B, c->s.oc / B, t)[o % B * B + i % B] = w;
            }
}

/* ---- what a tap joins ---------------------------------------------------------------------- */

/* Along one axis, for one tap: results first..last - 1, whose samples are at + stride * result. */
typedef struct {
    int first, last, at;
} joined;

static joined joined_by(const direct *c, int k, int samples, int results)
{
    const int at = k * c->s.dilation - c->s.pad, stride = c->s.stride;
    joined j = {.first = at < 0 ? (-at + stride - 1) / stride : 0, .last = 0, .at = at};
    if (at < samples)
        j.last = (samples - 1 - at) / stride + 1;
    j.last = j.last > results ? results : j.last;
    return j;
}

/* The sample that a tap reads for a result, and the reverse; -1: there is none. */
static int sample_of(const direct *c, int k, int result)
{
    const int y = result * c->s.stride + k * c->s.dilation - c->s.pad;
    return y < c->s.ih ? y : -1;
}
static int result_of(const direct *c, int k, int sample)
{
    const int y = sample + c->s.pad - k * c->s.dilation;
    return y >= 0 && y % c->s.stride == 0 && y / c->s.stride < c->s.oh ? y / c->s.stride : -1;
}

/* to[j * apart] += weights * from[j * step] for j < count, all of them pixels. */
INLINE void add_tap(pixel *to, int apart, const float *from, int step, const float *weights,
                    bool depthwise, int count)
{
    int j = 0;
    if (depthwise) {
        for (; j < count; j++)
            to[j * apart] += ((const pixel *)from)[j * step] * *(const pixel *)weights;
        return;
    }
    for (; j + GROUP <= count; j += GROUP)
        add_products(to + j * apart, GROUP, apart, from + (size_t)(j * step) * B, step * B, 1,
                     (const pixel *)weights, B);
    for (; j < count; j++)
        add_products(to + j * apart, 1, apart, from + (size_t)(j * step) * B, step * B, 1,
                     (const pixel *)weights, B);
}

/* Row y of a block of an image, in a tensor of blocks of h x w pixels. */
INLINE const float *row_of(const float *x, int image, int block, int blocks, int h, int w, int y)
{
    return x + (((size_t)image * (size_t)blocks + (size_t)block) * (size_t)h + (size_t)y) *
                   (size_t)w * B;
}

/* ---- forward, and backward to the data ----------------------------------------------------- */

/* A row of results of one block: the sum over all blocks of samples. */
static void forward_row(const direct *c, const float *src, int image, int block, int y, pixel *to)
{
    const ir_dnn_shape *s = &c->s;
    const int blocks = s->depthwise ? 1 : s->ic / B;
    for (int i = 0; i < blocks; i++)
        for (int ky = 0; ky < s->kernel; ky++) {
            const int iy = sample_of(c, ky, y);
            for (int kx = 0; kx < s->kernel && iy >= 0; kx++) {
                const joined j = joined_by(c, kx, s->iw, s->ow);
                const float *from =
                    row_of(src, image, s->depthwise ? block : i, s->ic / B, s->ih, s->iw, iy);
                add_tap(to + j.first, 1, from + (ptrdiff_t)(j.first * s->stride + j.at) * B,
                        s->stride, weights_at(c->forward, c, block, i, blocks, ky * s->kernel + kx),
                        s->depthwise, j.last - j.first);
            }
        }
}

void direct_forward(const direct *c, const float *src, const float *bias, float *dst)
{
    const ir_dnn_shape *s = &c->s;
    const int blocks = s->oc / B;
#pragma omp parallel for collapse(3) schedule(static) num_threads(c->threads)
    for (int n = 0; n < s->n; n++)
        for (int block = 0; block < blocks; block++)
            for (int y = 0; y < s->oh; y++) {
                pixel *to = (pixel *)row_of(dst, n, block, blocks, s->oh, s->ow, y);
                for (int x = 0; x < s->ow; x++)
                    to[x] = s->bias ? ((const pixel *)bias)[block] : (pixel){0};
                forward_row(c, src, n, block, y, to);
                for (int x = 0; x < s->ow && s->activation; x++)
                    rectify_pixel(&to[x], s->slope);
            }
}

/* A row of one block of the samples' gradients: the sum over all blocks of results. */
static void backward_row(const direct *c, const float *diff_dst, int image, int block, int y,
                         pixel *to)
{
    const ir_dnn_shape *s = &c->s;
    const int blocks = s->depthwise ? 1 : s->oc / B;
    for (int o = 0; o < blocks; o++)
        for (int ky = 0; ky < s->kernel; ky++) {
            const int oy = result_of(c, ky, y);
            for (int kx = 0; kx < s->kernel && oy >= 0; kx++) {
                const joined j = joined_by(c, kx, s->iw, s->ow);
                const float *from =
                    row_of(diff_dst, image, s->depthwise ? block : o, s->oc / B, s->oh, s->ow, oy);
                add_tap(to + j.first * s->stride + j.at, s->stride, from + (ptrdiff_t)j.first * B,
                        1, weights_at(c->backward, c, block, o, blocks, ky * s->kernel + kx),
                        s->depthwise, j.last - j.first);
            }
        }
}

void direct_backward_data(const direct *c, const float *diff_dst, float *diff_src)
{
    const ir_dnn_shape *s = &c->s;
    const int blocks = s->ic / B;
#pragma omp parallel for collapse(3) schedule(static) num_threads(c->threads)
    for (int n = 0; n < s->n; n++)
        for (int block = 0; block < blocks; block++)
            for (int y = 0; y < s->ih; y++) {
                float *to = (float *)row_of(diff_src, n, block, blocks, s->ih, s->iw, y);
                memset(to, 0, (size_t)s->iw * B * sizeof(float));
                backward_row(c, diff_dst, n, block, y, (pixel *)to);
            }
}

/* ---- backward to the weights --------------------------------------------------------------- */

/* Adds the products of a row of samples and one of results to sums[lane of ic], which are pixels
 * with a lane for each oc. A depthwise one has one such pixel. */
INLINE void add_row(const direct *c, joined j, const float *src, const float *diff_dst, pixel *sums)
{
    const float *x = src + (ptrdiff_t)(j.first * c->s.stride + j.at) * B;
    const pixel *dy = (const pixel *)diff_dst + j.first;
    const int count = j.last - j.first, step = c->s.stride;
    if (c->s.depthwise) {
        for (int i = 0; i < count; i++)
            sums[0] += ((const pixel *)x)[i * step] * dy[i];
        return;
    }
    for (int lane = 0; lane < B; lane += GROUP)
        add_products(sums + lane, GROUP, 1, x + lane, 1, step * B, dy, count);
}

/* The gradient of one tap's weights for two blocks: within a row in float, over rows in double. */
static void gradient_of(const direct *c, const float *src, const float *diff_dst, int o, int i,
                        int ky, int kx, double total[B * B])
{
    const ir_dnn_shape *s = &c->s;
    const joined j = joined_by(c, kx, s->iw, s->ow), rows = joined_by(c, ky, s->ih, s->oh);
    const int width = s->depthwise ? B : B * B;
    memset(total, 0, sizeof(double) * (size_t)width);
    for (int n = 0; n < s->n; n++)
        for (int y = rows.first; y < rows.last && j.first < j.last; y++) {
            pixel sums[B] = {{0}};
            add_row(c, j, row_of(src, n, i, s->ic / B, s->ih, s->iw, y * s->stride + rows.at),
                    row_of(diff_dst, n, o, s->oc / B, s->oh, s->ow, y), sums);
            for (int l = 0; l < width; l++)
                total[l] += (double)((const float *)sums)[l];
        }
}

void direct_backward_weights(const direct *c, const float *src, const float *diff_dst, float *oihw)
{
    const ir_dnn_shape *s = &c->s;
    const int taps = (int)taps_of(c), ic = s->depthwise ? 1 : s->ic,
              blocks = s->depthwise ? 1 : ic / B;
#pragma omp parallel for collapse(3) schedule(static) num_threads(c->threads)
    for (int o = 0; o < s->oc / B; o++)
        for (int i = 0; i < blocks; i++)
            for (int t = 0; t < taps; t++) {
                double total[B * B];
                gradient_of(c, src, diff_dst, o, s->depthwise ? o : i, t / s->kernel, t % s->kernel,
                            total);
                for (int l = 0; l < (s->depthwise ? B : B * B); l++) {
                    const int oc = o * B + l % B, in = s->depthwise ? 0 : i * B + l / B;
                    oihw[((size_t)oc * (size_t)ic + (size_t)in) * (size_t)taps + (size_t)t] =
                        (float)total[l];
                }
            }
}
