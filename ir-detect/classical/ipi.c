/* The infrared patch-image model (Gao, Meng, Yang, Wang, Zhou and Hauptmann, "Infrared patch-image
 * model for small target detection in a single image", IEEE Transactions on Image Processing
 * 22(12), 2013): the patches of an image make a matrix whose background has a low rank and whose
 * targets are sparse,
 *
 *     minimise  mu |A|_* + mu lambda |E|_1 + |D - A - E|^2 / 2,
 *
 * solved by accelerated proximal gradient with a mu that falls by a tenth an iteration (Toh and
 * Yun, Pacific Journal of Optimization 6, 2010). Values, step, thresholds and the rules by which
 * the iteration ends are those of the code that the authors published.
 *
 * An iteration extrapolates A and E to Ya and Ye and takes half of what is left over from both,
 *
 *     G = Ya - (Ya + Ye - D) / 2,    H = Ye - (Ya + Ye - D) / 2 = D - G,
 *
 * shrinks G's singular values and H's elements by mu / 2 and lambda mu / 2, and all that the next
 * one needs of A and E is W = A - E: G = (D + Ya - Ye) / 2. So one sweep over D, G and W, by blocks
 * of columns that stay in the cache, makes the next G. */
#include "ipi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clones.h"
#include "patches.h"
#include "spectrum.h"

/* Slots of the scratch; rpca's come after those of patches. */
enum { IMAGE_SLOT, DATA_SLOT, VALUES_SLOT };
enum {
    W_SLOT = RPCA_SLOT,
    G_SLOT,
    NEXT_SLOT,
    LOW_SLOT,
    FACTOR_SLOT,
    WORK_SLOT,
    SPECTRUM_SLOT,
};

enum { BLOCK = 96 }; /* columns */

typedef struct {
    int rows, columns;
    const double *data;
    double *w;        /* A - E */
    double *g, *next; /* this iteration's G and the next one's */
    double *low;      /* a block's A */
    double *factor;   /* what the singular values are multiplied by */
    double *workspace;
    spectrum spectrum;
} rpca_state;

/* What a sweep adds up. */
typedef struct {
    double change, size; /* squared norms */
    long nonzero;        /* elements of E */
} rpca_sums;

static double shrink(double x, double by)
{
    return x > by ? x - by : x < -by ? x + by : 0;
}

static void start(rpca_state *r, const double *data, int rows, int columns, scratch *s)
{
    size_t count = (size_t)rows * (size_t)columns;
    *r = (rpca_state){.rows = rows,
                      .columns = columns,
                      .data = data,
                      .w = scratch_buffer(s, W_SLOT, count, sizeof(double)),
                      .g = scratch_buffer(s, G_SLOT, count, sizeof(double)),
                      .next = scratch_buffer(s, NEXT_SLOT, count, sizeof(double)),
                      .low = scratch_buffer(s, LOW_SLOT, (size_t)rows * BLOCK, sizeof(double)),
                      .factor = scratch_buffer(s, FACTOR_SLOT, (size_t)rows, sizeof(double)),
                      .workspace =
                          scratch_buffer(s, WORK_SLOT, (size_t)rows * BLOCK, sizeof(double))};
    spectrum_init(&r->spectrum, rows, s, SPECTRUM_SLOT);
    memset(r->w, 0, count * sizeof *r->w);
    for (size_t i = 0; i < count; i++)
        r->g[i] = data[i] / 2;
}

/* Elements of one block: E from H = D - G, W = A - E, the sums, and the next G. */
CLONES static void sweep_elements(const double *restrict data, const double *restrict g,
                                  const double *restrict low, double *restrict w,
                                  double *restrict next, size_t count, double by, double momentum,
                                  rpca_sums *sums)
{
    double change = 0, size = 0;
    long nonzero = 0;
#pragma omp simd reduction(+ : change, size, nonzero)
    for (size_t i = 0; i < count; i++) {
        double h = data[i] - g[i];
        double magnitude = fabs(h) - by;
        double e = magnitude > 0 ? copysign(magnitude, h) : 0;
        double now = low[i] - e;
        double moved = g[i] - h - now; /* Ya - Ye - (A - E) */

        change += moved * moved;
        size += low[i] * low[i] + e * e;
        nonzero += magnitude > 0;
        next[i] = 0.5 * (data[i] + now + momentum * (now - w[i]));
        w[i] = now;
    }
    sums->change += 2 * change;
    sums->size += size;
    sums->nonzero += nonzero;
}

static rpca_sums sweep(rpca_state *r, int rank, double by, double momentum)
{
    rpca_sums sums = {0};
    for (int first = 0; first < r->columns; first += BLOCK) {
        int columns = r->columns - first < BLOCK ? r->columns - first : BLOCK;
        size_t at = (size_t)first * (size_t)r->rows, count = (size_t)columns * (size_t)r->rows;

        spectrum_apply(&r->spectrum, rank, r->factor, r->g + at, columns, r->low, r->workspace);
        sweep_elements(r->data + at, r->g + at, r->low, r->w + at, r->next + at, count, by,
                       momentum, &sums);
    }
    return sums;
}

/* The first threshold is a singular value: that one is not above it, however it is rounded. */
static int rank_above(const spectrum *s, double threshold)
{
    int rank = 0;
    while (rank < s->count && s->value[rank] > threshold * (1 + 1e-7))
        rank++;
    return rank;
}

/* The early ends of the published code: a rank above 0.3 of the possible one; a rank that has not
 * changed for more than ten iterations while E has nearly as many nonzeros as at the beginning of
 * that time. */
typedef struct {
    int rank, still;
    long nonzero;
} watch;

static bool ends_early(watch *w, int rank, long nonzero, int rows)
{
    bool end = false;
    if (rank == w->rank) {
        w->still++;
        end = w->still > 10 && labs(nonzero - w->nonzero) < 20;
    } else {
        w->still = 0;
        w->nonzero = nonzero;
    }
    w->rank = rank;
    return end || rank > 0.3 * rows;
}

/* Puts E, from the G that it came of, into w; A = W + E. */
static const double *finish(rpca_state *r, const double *g, double by, double *low)
{
    size_t count = (size_t)r->rows * (size_t)r->columns;
    for (size_t i = 0; i < count; i++) {
        double e = shrink(r->data[i] - g[i], by);

        if (low)
            low[i] = r->w[i] + e;
        r->w[i] = e;
    }
    return r->w;
}

const double *rpca(const double *data, int rows, int columns, const rpca_options *o, scratch *s,
                   double *low, solution *how)
{
    rpca_state r;
    watch w = {0};
    double mu, last_mu, t = 1, t_next, by;
    start(&r, data, rows, columns, s);
    spectrum_find(&r.spectrum, r.g, columns, 4, INFINITY, SPECTRUM_KEPT);
    /* G is half of D here. At 1e-5 of the largest singular value the Gram matrix is still exact. */
    mu = 2 * r.spectrum.value[rows > 1 ? 1 : 0];
    last_mu = 2 * fmax(o->last_mu * r.spectrum.value[rows > 3 ? 3 : rows - 1],
                       1e-5 * r.spectrum.value[0]);
    *how = (solution){0};
    do {
        double momentum, residual;
        rpca_sums sums;
        double *g = r.g;
        int rank;

        if (how->iterations > 0)
            spectrum_find(&r.spectrum, r.g, columns, 0, mu / 2, SPECTRUM_SHRUNK);
        rank = rank_above(&r.spectrum, mu / 2);
        for (int i = 0; i < rank; i++)
            r.factor[i] = 1 - mu / 2 / r.spectrum.value[i];
        by = o->lambda * mu / 2;
        t_next = (1 + sqrt(1 + 4 * t * t)) / 2;
        momentum = (t - 1) / t_next;
        sums = sweep(&r, rank, by, momentum);
        residual = sqrt(sums.change) / (2 * fmax(1, sqrt(sums.size)));
        how->iterations++;
        how->residual = residual;
        how->converged = residual <= o->tolerance;
        if (ends_early(&w, rank, sums.nonzero, rows) && o->early)
            how->converged = true;
        t = t_next;
        mu = fmax(0.9 * mu, last_mu);
        r.g = r.next;
        r.next = g;
    } while (!how->converged && how->iterations < o->iterations);
    return finish(&r, r.next, by, low);
}

solution ipi_saliency(const ir_image *im, const double *parameter, scratch *s, float *saliency)
{
    patch_grid g = patches_of(im, (int)parameter[PATCH], (int)parameter[STEP]);
    size_t pixels = (size_t)im->width * (size_t)im->height;
    size_t count = (size_t)g.rows * (size_t)g.columns;
    double *image = scratch_buffer(s, IMAGE_SLOT, pixels, sizeof *image);
    double *data = scratch_buffer(s, DATA_SLOT, count, sizeof *data);
    double *values = scratch_buffer(s, VALUES_SLOT, patches_over(&g), sizeof *values);
    int side = im->width > im->height ? im->width : im->height;
    rpca_options o = {.lambda = parameter[LAMBDA] / sqrt(side),
                      .last_mu = 0.005,
                      .tolerance = parameter[TOLERANCE],
                      .iterations = (int)parameter[ITERATIONS],
                      .early = true};
    solution how = {.converged = true};
    if (!image_to_unit_range(im, image)) {
        memset(saliency, 0, pixels * sizeof *saliency);
        return how;
    }
    patches_cut(&g, image, data);
    patches_median(&g, rpca(data, g.rows, g.columns, &o, s, NULL, &how), values, saliency);
    return how;
}
