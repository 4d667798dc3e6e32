/* The real 2-D discrete Fourier transform of each plane and its inverse, by their sums:
 *
 *     X[u,v] = sum_{i,j} x[i,j] exp(-2 pi sqrt(-1) (u i / H + v j / W)),        v = 0 .. W/2
 *     x[i,j] = 1/(H W) sum_{u,v} a[v] Re(X[u,v] exp(2 pi sqrt(-1) (u i / H + v j / W)))
 *
 * where a[v] counts the column v and its mirror image W - v: 1 where they are the same, else 2.
 * Taking the real part is what makes the imaginary parts that no real plane has go unnoticed.
 *
 * Without factors, both are linear maps of real numbers, each the other's transpose: the backward
 * of one is the other. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "reference.h"

typedef double complex number;

/* exp(2 pi sqrt(-1) k / n), k = 0 .. n-1 */
static number *roots_of_one(int n)
{
    number *root = ir_calloc((size_t)n, sizeof *root);
    for (int k = 0; k < n; k++)
        root[k] = cos(2 * M_PI * k / n) + I * sin(2 * M_PI * k / n);
    return root;
}

/* A plane, its spectrum and what is between them: everything of size H in one direction done. */
typedef struct {
    int h, w, half; /* half: the spectrum's width */
    number *across, *down;
    number *rows;     /* (h, half) */
    number *spectrum; /* (h, half) */
} transform;

static transform transform_new(ir_shape plane)
{
    transform t = {.h = plane.h, .w = plane.w, .half = plane.w / 2 + 1};
    t.across = roots_of_one(t.w);
    t.down = roots_of_one(t.h);
    t.rows = ir_calloc((size_t)t.h * (size_t)t.half, sizeof *t.rows);
    t.spectrum = ir_calloc((size_t)t.h * (size_t)t.half, sizeof *t.spectrum);
    return t;
}

static void transform_free(transform *t)
{
    free(t->across);
    free(t->down);
    free(t->rows);
    free(t->spectrum);
}

/* rows[i,v] = sum_j x[i,j] exp(-2 pi sqrt(-1) v j / W)
 * spectrum[u,v] = sum_i rows[i,v] exp(-2 pi sqrt(-1) u i / H) */
static void analyse(transform *t, const double *x)
{
    for (int i = 0; i < t->h; i++) {
        for (int v = 0; v < t->half; v++) {
            number sum = 0;
            for (int j = 0; j < t->w; j++)
                sum += x[i * t->w + j] * conj(t->across[v * j % t->w]);
            t->rows[i * t->half + v] = sum;
        }
    }
    for (int u = 0; u < t->h; u++) {
        for (int v = 0; v < t->half; v++) {
            number sum = 0;
            for (int i = 0; i < t->h; i++)
                sum += t->rows[i * t->half + v] * conj(t->down[u * i % t->h]);
            t->spectrum[u * t->half + v] = sum;
        }
    }
}

/* rows[i,v] = sum_u spectrum[u,v] exp(2 pi sqrt(-1) u i / H)
 * x[i,j] += Re sum_v rows[i,v] exp(2 pi sqrt(-1) v j / W) */
static void synthesise(transform *t, double *x)
{
    for (int i = 0; i < t->h; i++) {
        for (int v = 0; v < t->half; v++) {
            number sum = 0;
            for (int u = 0; u < t->h; u++)
                sum += t->spectrum[u * t->half + v] * t->down[u * i % t->h];
            t->rows[i * t->half + v] = sum;
        }
    }
    for (int i = 0; i < t->h; i++)
        for (int j = 0; j < t->w; j++)
            for (int v = 0; v < t->half; v++)
                x[i * t->w + j] += creal(t->rows[i * t->half + v] * t->across[v * j % t->w]);
}

/* a[v] / (H W) */
static double column_weight(ir_shape plane, int v)
{
    double mirrored = v == 0 || 2 * v == plane.w ? 1 : 2;
    return mirrored / ((double)plane.h * plane.w);
}

/* The factor of a spectrum's column: of the inverse that weight, of the transform 1. */
static double factor(ir_shape plane, int v, bool inverse)
{
    return inverse ? column_weight(plane, v) : 1;
}

/* Adds to spectra (N,2C,H,W/2+1) the transforms of planes (N,C,H,W). */
static void to_spectra(ir_shape plane, const double *planes, double *spectra, bool inverse)
{
    ir_shape s = {plane.n, 2 * plane.c, plane.h, plane.w / 2 + 1};
    transform t = transform_new(plane);
    for (int n = 0; n < plane.n; n++) {
        for (int c = 0; c < plane.c; c++) {
            analyse(&t, planes + at(plane, n, c, 0, 0));
            for (int u = 0; u < s.h; u++) {
                for (int v = 0; v < s.w; v++) {
                    number x = factor(plane, v, inverse) * t.spectrum[u * s.w + v];
                    spectra[at(s, n, c, u, v)] += creal(x);
                    spectra[at(s, n, plane.c + c, u, v)] += cimag(x);
                }
            }
        }
    }
    transform_free(&t);
}

/* Adds to planes (N,C,H,W) what spectra (N,2C,H,W/2+1) are the transforms of. */
static void to_planes(ir_shape plane, const double *spectra, double *planes, bool inverse)
{
    ir_shape s = {plane.n, 2 * plane.c, plane.h, plane.w / 2 + 1};
    transform t = transform_new(plane);
    for (int n = 0; n < plane.n; n++) {
        for (int c = 0; c < plane.c; c++) {
            for (int u = 0; u < s.h; u++)
                for (int v = 0; v < s.w; v++)
                    t.spectrum[u * s.w + v] =
                        factor(plane, v, inverse) *
                        (spectra[at(s, n, c, u, v)] + I * spectra[at(s, n, plane.c + c, u, v)]);
            synthesise(&t, planes + at(plane, n, c, 0, 0));
        }
    }
    transform_free(&t);
}

static void clear_output(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = 0;
}

/* ---- forward transform ------------------------------------------------------------------- */

static void rfft2_forward(const step *s)
{
    clear_output(s);
    to_spectra(s->in[0]->shape, s->in[0]->v, s->out->v, false);
}

static void rfft2_backward(const step *s)
{
    to_planes(s->in[0]->shape, s->out->g, s->in[0]->g, false);
}

tensor *ref_rfft2(tape *t, tensor *x)
{
    static const reference_op op = {"rfft2", rfft2_forward, rfft2_backward, NULL};
    ir_shape out = {x->shape.n, 2 * x->shape.c, x->shape.h, x->shape.w / 2 + 1};
    return tape_step(t, &op, 1, &x, out)->out;
}

/* ---- inverse ----------------------------------------------------------------------------- */

static void irfft2_forward(const step *s)
{
    clear_output(s);
    to_planes(s->out->shape, s->in[0]->v, s->out->v, true);
}

static void irfft2_backward(const step *s)
{
    to_spectra(s->out->shape, s->out->g, s->in[0]->g, true);
}

tensor *ref_irfft2(tape *t, tensor *x, int w)
{
    static const reference_op op = {"irfft2", irfft2_forward, irfft2_backward, NULL};
    ir_shape out = {x->shape.n, x->shape.c / 2, x->shape.h, w};
    return tape_step(t, &op, 1, &x, out)->out;
}
