/* Convolutions between a plane (one channel) and a tensor with channels, in plain loops.
 *
 * oneDNN falls to its reference code here, or would compute B channels where one is wanted. Both
 * tensors are walked through tables of partners: for a pixel of one side and a tap, the pixel of
 * the other side that the convolution pairs it with (src = dst * stride + tap * dilation - pad), or
 * -1. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "convolve.h"

typedef struct {
    int *of; /* [position][tap] */
} partners;

struct plane_conv {
    ir_shape wide, plane;
    int kernel, threads;
    partners wide_y, wide_x;   /* from the wide side's position to the plane's */
    partners plane_y, plane_x; /* and back */
    float *weights;            /* [block][tap][lane] */
    float *partial;            /* [thread][block][tap][lane] */
};

/* from_dst: positions 0..count-1 are dst's, partners src's; otherwise the reverse. */
static partners make_partners(const convolution *w, bool from_dst, int count, int other)
{
    partners p = {ir_calloc((size_t)count * (size_t)w->kernel, sizeof(int))};
    for (int at = 0; at < count; at++) {
        for (int tap = 0; tap < w->kernel; tap++) {
            int to = at * w->stride + tap * w->dilation - w->pad;
            if (!from_dst) {
                const int scaled = at + w->pad - tap * w->dilation;
                to = scaled >= 0 && scaled % w->stride == 0 ? scaled / w->stride : -1;
            }
            p.of[at * w->kernel + tap] = to >= 0 && to < other ? to : -1;
        }
    }
    return p;
}

static size_t weight_floats(const plane_conv *c)
{
    return (size_t)blocks(c->wide.c) * (size_t)(c->kernel * c->kernel) * (size_t)lanes(c->wide.c);
}

plane_conv *plane_conv_new(const convolution *w, int threads)
{
    plane_conv *c = ir_calloc(1, sizeof *c);
    const bool src_is_plane = w->src.c == 1;
    c->wide = src_is_plane ? w->dst : w->src;
    c->plane = src_is_plane ? w->src : w->dst;
    c->kernel = w->kernel;
    c->threads = threads;
    c->wide_y = make_partners(w, src_is_plane, c->wide.h, c->plane.h);
    c->wide_x = make_partners(w, src_is_plane, c->wide.w, c->plane.w);
    c->plane_y = make_partners(w, !src_is_plane, c->plane.h, c->wide.h);
    c->plane_x = make_partners(w, !src_is_plane, c->plane.w, c->wide.w);
    const size_t floats = weight_floats(c);
    c->weights = ir_aligned(floats * sizeof(float));
    memset(c->weights, 0, floats * sizeof(float));
    c->partial = ir_aligned(floats * (size_t)threads * sizeof(float));
    return c;
}

void plane_conv_free(plane_conv *c)
{
    if (!c)
        return;
    free(c->wide_y.of);
    free(c->wide_x.of);
    free(c->plane_y.of);
    free(c->plane_x.of);
    free(c->weights);
    free(c->partial);
    free(c);
}

/* Where weight (channel, tap) lies. */
static size_t weight_at(const plane_conv *c, int channel, int tap)
{
    const int v = lanes(c->wide.c), taps = c->kernel * c->kernel;
    return ((size_t)(channel / v) * (size_t)taps + (size_t)tap) * (size_t)v + (size_t)(channel % v);
}

void plane_conv_weights(plane_conv *c, const float *weights)
{
    const int taps = c->kernel * c->kernel;
    for (int channel = 0; channel < c->wide.c; channel++)
        for (int tap = 0; tap < taps; tap++)
            c->weights[weight_at(c, channel, tap)] = weights[channel * taps + tap];
}

static inline float activate(float y, const ir_activation *a)
{
    return a && a->on && y < 0 ? a->slope * y : y;
}

/* ---- wide from plane --------------------------------------------------------------------- */

static inline void expand_row(const plane_conv *c, int v, const float *plane, const float *weights,
                              const float *bias, const ir_activation *activation, int y, float *out)
{
    const int k = c->kernel;
    for (int x = 0; x < c->wide.w; x++) {
        float sum[B] = {0};
        for (int l = 0; l < v; l++)
            sum[l] = bias ? bias[l] : 0;
        for (int ky = 0; ky < k; ky++) {
            const int py = c->wide_y.of[y * k + ky];
            if (py < 0)
                continue;
            const float *row = plane + (size_t)py * (size_t)c->plane.w;
            for (int kx = 0; kx < k; kx++) {
                const int px = c->wide_x.of[x * k + kx];
                if (px < 0)
                    continue;
                const float value = row[px], *w = weights + (ky * k + kx) * v;
                for (int l = 0; l < v; l++)
                    sum[l] += w[l] * value;
            }
        }
        for (int l = 0; l < v; l++)
            out[x * v + l] = activate(sum[l], activation);
    }
}

void plane_conv_expand(const plane_conv *c, const float *plane, const float *bias,
                       const ir_activation *activation, float *wide)
{
    const int v = lanes(c->wide.c), nb = blocks(c->wide.c), h = c->wide.h;
    const size_t row = (size_t)c->wide.w * (size_t)v, taps = (size_t)(c->kernel * c->kernel);
    const size_t image = (size_t)c->plane.h * (size_t)c->plane.w;
#pragma omp parallel for collapse(2) schedule(static)
    for (int i = 0; i < c->wide.n * nb; i++) {
        for (int y = 0; y < h; y++) {
            const int block = i % nb;
            const float *p = plane + (size_t)(i / nb) * image;
            const float *w = c->weights + (size_t)block * taps * (size_t)v;
            const float *add = bias ? bias + block * v : NULL;
            float *out = wide + ((size_t)i * (size_t)h + (size_t)y) * row;
            if (v == B)
                expand_row(c, B, p, w, add, activation, y, out);
            else
                expand_row(c, 1, p, w, add, activation, y, out);
        }
    }
}

/* ---- plane from wide --------------------------------------------------------------------- */

static inline float contract_pixel(const plane_conv *c, int v, const float *wide, int y, int x)
{
    const int k = c->kernel, nb = blocks(c->wide.c);
    const size_t size = plane(c->wide);
    float sum[B] = {0};
    for (int ky = 0; ky < k; ky++) {
        const int wy = c->plane_y.of[y * k + ky];
        if (wy < 0)
            continue;
        for (int kx = 0; kx < k; kx++) {
            const int wx = c->plane_x.of[x * k + kx];
            if (wx < 0)
                continue;
            const float *in = wide + ((size_t)wy * (size_t)c->wide.w + (size_t)wx) * (size_t)v;
            const float *w = c->weights + (ky * k + kx) * v;
            for (int block = 0; block < nb; block++, in += size, w += k * k * v)
                for (int l = 0; l < v; l++)
                    sum[l] += w[l] * in[l];
        }
    }
    float total = 0;
    for (int l = 0; l < v; l++)
        total += sum[l];
    return total;
}

void plane_conv_contract(const plane_conv *c, const float *wide, const float *bias,
                         const ir_activation *activation, float *out)
{
    const ir_shape s = c->plane;
    const size_t image = (size_t)blocks(c->wide.c) * plane(c->wide);
    const float add = bias ? bias[0] : 0;
#pragma omp parallel for collapse(2) schedule(static)
    for (int n = 0; n < s.n; n++) {
        for (int y = 0; y < s.h; y++) {
            const float *in = wide + (size_t)n * image;
            float *row = out + ((size_t)n * (size_t)s.h + (size_t)y) * (size_t)s.w;
            for (int x = 0; x < s.w; x++) {
                const float sum = lanes(c->wide.c) == B ? contract_pixel(c, B, in, y, x)
                                                        : contract_pixel(c, 1, in, y, x);
                row[x] = activate(sum + add, activation);
            }
        }
    }
}

/* ---- weights' gradient ------------------------------------------------------------------- */

/* sum[tap][lane] over the pixels of one row of one block of the wide side */
static inline void gradient_row(const plane_conv *c, int v, const float *wide, const float *plane,
                                int y, float *sum)
{
    const int k = c->kernel;
    for (int ky = 0; ky < k; ky++) {
        const int py = c->wide_y.of[y * k + ky];
        if (py < 0)
            continue;
        const float *row = plane + (size_t)py * (size_t)c->plane.w;
        for (int kx = 0; kx < k; kx++) {
            float part[B] = {0};
            for (int x = 0; x < c->wide.w; x++) {
                const int px = c->wide_x.of[x * k + kx];
                if (px < 0)
                    continue;
                const float value = row[px];
                for (int l = 0; l < v; l++)
                    part[l] += wide[x * v + l] * value;
            }
            for (int l = 0; l < v; l++)
                sum[(ky * k + kx) * v + l] += part[l];
        }
    }
}

void plane_conv_gradient(plane_conv *c, const float *wide, const float *plane, float *weights)
{
    const int v = lanes(c->wide.c), nb = blocks(c->wide.c), h = c->wide.h;
    const int taps = c->kernel * c->kernel;
    const size_t floats = weight_floats(c), row = (size_t)c->wide.w * (size_t)v;
    const size_t image = (size_t)c->plane.h * (size_t)c->plane.w;
    memset(c->partial, 0, floats * (size_t)c->threads * sizeof(float));
#pragma omp parallel num_threads(c->threads)
    {
        float *sum = c->partial + (size_t)omp_get_thread_num() * floats;
#pragma omp for collapse(2) schedule(static)
        for (int i = 0; i < c->wide.n * nb; i++) {
            for (int y = 0; y < h; y++) {
                const float *in = wide + ((size_t)i * (size_t)h + (size_t)y) * row;
                const float *p = plane + (size_t)(i / nb) * image;
                float *to = sum + (size_t)(i % nb) * (size_t)(taps * v);
                if (v == B)
                    gradient_row(c, B, in, p, y, to);
                else
                    gradient_row(c, 1, in, p, y, to);
            }
        }
    }
    for (int channel = 0; channel < c->wide.c; channel++) {
        for (int tap = 0; tap < taps; tap++) {
            float total = 0;
            for (int t = 0; t < c->threads; t++)
                total += c->partial[(size_t)t * floats + weight_at(c, channel, tap)];
            weights[channel * taps + tap] = total;
        }
    }
}
