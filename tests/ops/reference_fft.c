/* The real 2-D discrete Fourier transform of each plane and its inverse, by their sums:
 *
 *     X[u,v] = sum_{i,j} x[i,j] exp(-2 pi sqrt(-1) (u i / H + v j / W)),        v = 0 .. W/2
 *     x[i,j] = 1/(H W) sum_{u,v} a[v] Re(X[u,v] exp(2 pi sqrt(-1) (u i / H + v j / W)))
 *
 * where a[v] counts the column v and its mirror image W - v: 1 where they are the same, else 2.
 * Taking the real part is what makes the imaginary parts that no real plane has go unnoticed. */
#include <math.h>

#include "reference.h"

typedef struct {
    double cosine, sine;
} wave;

static wave wave_at(int u, int i, int h, int v, int j, int w)
{
    double turns = (double)(u * i % h) / h + (double)(v * j % w) / w;
    return (wave){cos(2 * M_PI * turns), sin(2 * M_PI * turns)};
}

/* visit(s, plane element, real part's element, imaginary part's element, wave, column v) for
 * everything that a spectrum's number has to do with a plane's */
typedef void visitor(const step *s, size_t x, size_t re, size_t im, wave e, int v);

static void each_pair(const step *s, ir_shape plane, ir_shape spectrum, visitor *visit)
{
    for (int u = 0; u < spectrum.h; u++)
        for (int v = 0; v < spectrum.w; v++)
            for (int i = 0; i < plane.h; i++)
                for (int j = 0; j < plane.w; j++) {
                    wave e = wave_at(u, i, plane.h, v, j, plane.w);
                    for (int n = 0; n < plane.n; n++)
                        for (int c = 0; c < plane.c; c++)
                            visit(s, at(plane, n, c, i, j), at(spectrum, n, c, u, v),
                                  at(spectrum, n, plane.c + c, u, v), e, v);
                }
}

static void clear_output(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = 0;
}

/* ---- forward transform ------------------------------------------------------------------- */

static void rfft2_pair_forward(const step *s, size_t x, size_t re, size_t im, wave e, int v)
{
    (void)v;
    s->out->v[re] += s->in[0]->v[x] * e.cosine;
    s->out->v[im] -= s->in[0]->v[x] * e.sine;
}

static void rfft2_pair_backward(const step *s, size_t x, size_t re, size_t im, wave e, int v)
{
    (void)v;
    s->in[0]->g[x] += s->out->g[re] * e.cosine - s->out->g[im] * e.sine;
}

static void rfft2_forward(const step *s)
{
    clear_output(s);
    each_pair(s, s->in[0]->shape, s->out->shape, rfft2_pair_forward);
}

static void rfft2_backward(const step *s)
{
    each_pair(s, s->in[0]->shape, s->out->shape, rfft2_pair_backward);
}

tensor *ref_rfft2(tape *t, tensor *x)
{
    static const reference_op op = {"rfft2", rfft2_forward, rfft2_backward, NULL};
    ir_shape out = {x->shape.n, 2 * x->shape.c, x->shape.h, x->shape.w / 2 + 1};
    return tape_step(t, &op, 1, &x, out)->out;
}

/* ---- inverse ----------------------------------------------------------------------------- */

static double column_weight(const step *s, int v)
{
    ir_shape plane = s->out->shape;
    double mirrored = v == 0 || 2 * v == plane.w ? 1 : 2;
    return mirrored / ((double)plane.h * plane.w);
}

static void irfft2_pair_forward(const step *s, size_t x, size_t re, size_t im, wave e, int v)
{
    s->out->v[x] += column_weight(s, v) * (s->in[0]->v[re] * e.cosine - s->in[0]->v[im] * e.sine);
}

static void irfft2_pair_backward(const step *s, size_t x, size_t re, size_t im, wave e, int v)
{
    s->in[0]->g[re] += column_weight(s, v) * s->out->g[x] * e.cosine;
    s->in[0]->g[im] -= column_weight(s, v) * s->out->g[x] * e.sine;
}

static void irfft2_forward(const step *s)
{
    clear_output(s);
    each_pair(s, s->out->shape, s->in[0]->shape, irfft2_pair_forward);
}

static void irfft2_backward(const step *s)
{
    each_pair(s, s->out->shape, s->in[0]->shape, irfft2_pair_backward);
}

tensor *ref_irfft2(tape *t, tensor *x, int w)
{
    static const reference_op op = {"irfft2", irfft2_forward, irfft2_backward, NULL};
    ir_shape out = {x->shape.n, x->shape.c / 2, x->shape.h, w};
    return tape_step(t, &op, 1, &x, out)->out;
}
