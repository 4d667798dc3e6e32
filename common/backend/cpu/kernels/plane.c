/* Convolutions between a plane (one channel) and a tensor with channels, in plain loops.
 *
 * For these oneDNN has only reference code, or computes B channels where one is wanted. The loops
 * use tables of partners. For a pixel of one side and a tap, the partner is the pixel of the other
 * side that the convolution pairs it with (src = dst * stride + tap * dilation - pad), or -1 where
 * there is none. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "convolve.h"
#include "pixel.h"

enum {
    GROUP = 8,  /* pixels of a row that are summed together */
    RUN = 4 * B /* the same where a pixel is one number */
};

typedef struct {
    int *of; /* [position][tap] */
    /* positions first..last - 1 have partners for all taps; each tap's partners are step apart */
    int first, last, step;
} partners;

struct plane_conv {
    ir_shape wide, plane;
    int kernel, threads;
    partners wide_y, wide_x;   /* from the wide side's position to the plane's */
    partners plane_y, plane_x; /* and back */
    float *weights;            /* [block][tap][lane] */
    float *partial;            /* [thread][block][tap][lane] */
};

static bool has_all(const partners *p, int at, int kernel)
{
    for (int tap = 0; tap < kernel; tap++)
        if (p->of[at * kernel + tap] < 0)
            return false;
    return true;
}

/* The first stretch of positions without a gap. */
static void find_stretch(partners *p, int count, int kernel)
{
    while (p->first < count && !has_all(p, p->first, kernel))
        p->first++;
    p->last = p->first < count ? p->first + 1 : p->first;
    if (p->last >= count || !has_all(p, p->last, kernel))
        return;
    p->step = p->of[p->last * kernel] - p->of[p->first * kernel];
    while (p->last < count && has_all(p, p->last, kernel) &&
           p->of[p->last * kernel] - p->of[(p->last - 1) * kernel] == p->step)
        p->last++;
}

/* from_dst: the positions 0..count-1 are dst's and the partners src's; otherwise the reverse. */
static partners make_partners(const convolution *w, bool from_dst, int count, int other)
{
    partners p = {.of = ir_calloc((size_t)count * (size_t)w->kernel, sizeof(int))};
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
    find_stretch(&p, count, w->kernel);
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

static inline void expand_pixel(const plane_conv *c, int v, const float *plane,
                                const float *weights, const float *bias,
                                const ir_activation *activation, int y, int x, float *out)
{
    const int k = c->kernel;
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
        out[l] = activate(sum[l], activation);
}

/* The same for GROUP neighbours within the stretch, where v == B. */
INLINE void expand_group(const plane_conv *c, const float *plane, const float *weights,
                         const float *bias, const ir_activation *activation, int y, int x,
                         float *out)
{
    const int k = c->kernel, step = c->wide_x.step;
    pixel sum[GROUP];
    for (int i = 0; i < GROUP; i++)
        sum[i] = bias ? *(const pixel *)bias : (pixel){0};
    for (int ky = 0; ky < k; ky++) {
        const int py = c->wide_y.of[y * k + ky];
        if (py < 0)
            continue;
        const float *row = plane + (size_t)py * (size_t)c->plane.w;
        for (int kx = 0; kx < k; kx++) {
            const float *from = row + c->wide_x.of[x * k + kx];
            const pixel w = *(const pixel *)(weights + (ky * k + kx) * B);
            for (int i = 0; i < GROUP; i++)
                sum[i] += from[i * step] * w;
        }
    }
    for (int i = 0; i < GROUP; i++) {
        if (activation && activation->on)
            rectify_pixel(&sum[i], activation->slope);
        *(pixel *)(out + i * B) = sum[i];
    }
}

/* The same for RUN neighbours, where v == 1 and their partners are neighbours too. */
INLINE void expand_run(const plane_conv *c, const float *plane, const float *weights,
                       const float *bias, const ir_activation *activation, int y, int x, float *out)
{
    const int k = c->kernel;
    float sum[RUN];
    for (int i = 0; i < RUN; i++)
        sum[i] = bias ? bias[0] : 0;
    for (int ky = 0; ky < k; ky++) {
        const int py = c->wide_y.of[y * k + ky];
        if (py < 0)
            continue;
        const float *row = plane + (size_t)py * (size_t)c->plane.w;
        for (int kx = 0; kx < k; kx++) {
            const float *from = row + c->wide_x.of[x * k + kx], w = weights[ky * k + kx];
            for (int i = 0; i < RUN; i++)
                sum[i] += w * from[i];
        }
    }
    for (int i = 0; i < RUN; i++)
        out[i] = activate(sum[i], activation);
}

static inline void expand_row(const plane_conv *c, int v, const float *plane, const float *weights,
                              const float *bias, const ir_activation *activation, int y, float *out)
{
    const partners *p = &c->wide_x;
    for (int x = 0; x < c->wide.w;) {
        if (v == B && x >= p->first && x + GROUP <= p->last) {
            expand_group(c, plane, weights, bias, activation, y, x, out + x * B);
            x += GROUP;
        } else if (v == 1 && p->step == 1 && x >= p->first && x < p->last &&
                   p->first + RUN <= p->last) {
            /* the last run begins earlier, and computes some pixels twice */
            const int from = x + RUN <= p->last ? x : p->last - RUN;
            expand_run(c, plane, weights, bias, activation, y, from, out + from);
            x = from + RUN;
        } else {
            expand_pixel(c, v, plane, weights, bias, activation, y, x, out + x * v);
            x++;
        }
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

/* The same for GROUP neighbours within the stretch, where the wide side has blocks. */
INLINE void contract_group(const plane_conv *c, const float *wide, int y, int x, float *total)
{
    const int k = c->kernel, nb = blocks(c->wide.c), step = c->plane_x.step;
    const size_t size = plane(c->wide);
    pixel sum[GROUP];
    for (int i = 0; i < GROUP; i++)
        sum[i] = (pixel){0};
    for (int ky = 0; ky < k; ky++) {
        const int wy = c->plane_y.of[y * k + ky];
        if (wy < 0)
            continue;
        for (int kx = 0; kx < k; kx++) {
            const size_t at = (size_t)wy * (size_t)c->wide.w + (size_t)c->plane_x.of[x * k + kx];
            const float *in = wide + at * B, *weights = c->weights + (ky * k + kx) * B;
            for (int block = 0; block < nb; block++, in += size, weights += k * k * B) {
                const pixel w = *(const pixel *)weights;
                for (int i = 0; i < GROUP; i++)
                    sum[i] += *(const pixel *)(in + i * step * B) * w;
            }
        }
    }
    for (int i = 0; i < GROUP; i++) {
        total[i] = 0;
        for (int l = 0; l < B; l++)
            total[i] += sum[i][l];
    }
}

static void contract_row(const plane_conv *c, const float *wide, int y, float *total)
{
    const partners *p = &c->plane_x;
    const bool wide_has_blocks = lanes(c->wide.c) == B;
    for (int x = 0; x < c->plane.w;) {
        if (wide_has_blocks && x >= p->first && x + GROUP <= p->last) {
            contract_group(c, wide, y, x, total + x);
            x += GROUP;
        } else {
            total[x] = wide_has_blocks ? contract_pixel(c, B, wide, y, x)
                                       : contract_pixel(c, 1, wide, y, x);
            x++;
        }
    }
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
            contract_row(c, in, y, row);
            for (int x = 0; x < s.w; x++)
                row[x] = activate(row[x] + add, activation);
        }
    }
}

/* ---- weights' gradient ------------------------------------------------------------------- */

/* sum[tap][lane] += one pixel of the wide side times its partners in one row of the plane */
static inline void gradient_pixel(const plane_conv *c, int v, const float *wide, const float *row,
                                  int x, float *sum)
{
    const int k = c->kernel;
    for (int kx = 0; kx < k; kx++) {
        const int px = c->wide_x.of[x * k + kx];
        for (int l = 0; l < v && px >= 0; l++)
            sum[kx * v + l] += wide[l] * row[px];
    }
}

/* The same for pixels from..to - 1 within the stretch and count taps from the first on. Each tap's
 * sum is made in TURNS parts: count * TURNS sums at a time hide the latency of an addition. */
enum { TURNS = 4, MOST_TAPS = 3 };
INLINE void gradient_stretch(const plane_conv *c, int count, int first, const float *wide,
                             const float *row, int from, int to, float *sum)
{
    const int step = c->wide_x.step, *of = c->wide_x.of + from * c->kernel + first;
    pixel part[MOST_TAPS][TURNS] = {0};
    int x = 0;
    for (; x + TURNS <= to - from; x += TURNS)
        for (int i = 0; i < TURNS; i++) {
            const pixel w = *(const pixel *)(wide + (from + x + i) * B);
            for (int t = 0; t < count; t++)
                part[t][i] += row[of[t] + (x + i) * step] * w;
        }
    for (; x < to - from; x++)
        for (int t = 0; t < count; t++)
            part[t][0] += row[of[t] + x * step] * *(const pixel *)(wide + (from + x) * B);
    for (int t = 0; t < count; t++)
        *(pixel *)(sum + (first + t) * B) += (part[t][0] + part[t][1]) + (part[t][2] + part[t][3]);
}

static void gradient_stretches(const plane_conv *c, const float *wide, const float *row, float *sum)
{
    const partners *p = &c->wide_x;
    int first = 0;
    for (; first + MOST_TAPS <= c->kernel; first += MOST_TAPS)
        gradient_stretch(c, MOST_TAPS, first, wide, row, p->first, p->last, sum);
    for (; first < c->kernel; first++)
        gradient_stretch(c, 1, first, wide, row, p->first, p->last, sum);
}

/* The same for all pixels of one row of one block of the wide side. */
static inline void gradient_row(const plane_conv *c, int v, const float *wide, const float *plane,
                                int y, float *sum)
{
    const int k = c->kernel;
    const partners *p = &c->wide_x;
    const bool fast = v == B && p->first < p->last;
    for (int ky = 0; ky < k; ky++) {
        const int py = c->wide_y.of[y * k + ky];
        if (py < 0)
            continue;
        const float *row = plane + (size_t)py * (size_t)c->plane.w;
        float *to = sum + ky * k * v;
        if (fast)
            gradient_stretches(c, wide, row, to);
        for (int x = 0; x < c->wide.w; x++)
            if (!fast || x < p->first || x >= p->last)
                gradient_pixel(c, v, wide + x * v, row, x, to);
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
