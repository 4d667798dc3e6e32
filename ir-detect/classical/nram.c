/* NRAM (Zhang, Peng, Zhang, Cao and Peng, "Infrared small target detection via non-convex rank
 * approximation minimization joint l2,1 norm", Remote Sensing 10(11), 2018): the matrix of an
 * image's patches is a background of low rank, sparse targets, and strong edges that fill whole
 * patches,
 *
 *     minimise  |B|_gamma + lambda |W . T|_1 + beta |E|_2,1  subject to  D = B + T + E.
 *
 * The gamma norm, the sum of (1 + gamma) s / (gamma + s) over the singular values s, comes nearer
 * to the rank than the nuclear norm; the weights W fall with the element. Solved by the alternating
 * direction method of multipliers, B's step by difference-of-convex programming. Values, step,
 * weights and penalties are those of the code that the authors published; like it, T takes nothing
 * negative (the code's threshold for that is larger than any element), and a pixel is what the last
 * of the patches over it says.
 *
 * With the dual variable Z (divided by the penalty), an iteration makes B from G = D - T - E - Z, T
 * from D - B - E - Z, then E = f Q from Q = D - T - B - Z with a factor f for each patch, and Z' =
 * (E - Q) / growth. So E and Z are kept as Q and f. */
#include "nram.h"

#include <math.h>
#include <string.h>

#include "clones.h"
#include "patches.h"
#include "spectrum.h"

enum { IMAGE_SLOT, DATA_SLOT };
enum {
    SPARSE_SLOT = NRAM_SLOT,
    Q_SLOT,
    Q_BEFORE_SLOT,
    G_SLOT,
    LOW_SLOT,
    FACTOR_SLOT,
    LINES_SLOT,
    WORK_SLOT,
    SPECTRUM_SLOT,
};

enum { BLOCK = 96 }; /* columns */

typedef struct {
    int rows, columns, lines;
    const double *data;
    const nram_options *options;
    double *sparse, *q, *q_before, *g;
    double *low;    /* a block's B */
    double *shrunk; /* B's singular values, the last ones' to begin with */
    double *factor; /* theirs to G's */
    double *f;      /* for each patch: E = f Q; */
    double *f_before;
    double *norm;    /* Q's, for each patch */
    double *squares; /* of Q, while they are added up */
    double *spread;  /* factors, for each row */
    double *workspace;
    double penalty;
    int rank;
    spectrum spectrum;
} nram_state;

static void start(nram_state *n, const double *data, int rows, int columns, const nram_options *o,
                  scratch *s)
{
    size_t count = (size_t)rows * (size_t)columns, lines;
    *n = (nram_state){.rows = rows,
                      .columns = columns,
                      .lines = o->lines_are_rows ? rows : columns,
                      .data = data,
                      .options = o,
                      .sparse = scratch_buffer(s, SPARSE_SLOT, count, sizeof(double)),
                      .q = scratch_buffer(s, Q_SLOT, count, sizeof(double)),
                      .q_before = scratch_buffer(s, Q_BEFORE_SLOT, count, sizeof(double)),
                      .g = scratch_buffer(s, G_SLOT, count, sizeof(double)),
                      .low = scratch_buffer(s, LOW_SLOT, (size_t)rows * BLOCK, sizeof(double)),
                      .factor = scratch_buffer(s, FACTOR_SLOT, 2 * (size_t)rows, sizeof(double)),
                      .workspace =
                          scratch_buffer(s, WORK_SLOT, (size_t)rows * BLOCK, sizeof(double)),
                      .penalty = o->penalty};
    lines = (size_t)n->lines;
    n->shrunk = n->factor + rows;
    n->f = scratch_buffer(s, LINES_SLOT, 3 * lines + 3 * (size_t)rows, sizeof(double));
    n->f_before = n->f + lines;
    n->norm = n->f_before + lines;
    n->squares = n->norm + lines;
    n->spread = n->squares + rows;
    memset(n->f, 0, 2 * lines * sizeof *n->f);
    memset(n->shrunk, 0, (size_t)rows * sizeof *n->shrunk);
    memset(n->sparse, 0, count * sizeof *n->sparse);
    memset(n->q, 0, count * sizeof *n->q);
    memcpy(n->g, data, count * sizeof *n->g);
    spectrum_init(&n->spectrum, rows, s, SPECTRUM_SLOT);
}

/* Difference-of-convex iteration: each step subtracts the gamma norm's slope at the step before
 * from the singular values. A value that was zero needs to be above (1 + gamma) / (gamma penalty),
 * so those below that need not be known. */
static void shrink_singular_values(nram_state *n)
{
    double gamma = n->options->gamma, slope = (1 + gamma) * gamma / n->penalty;
    const spectrum *s = &n->spectrum;
    spectrum_find(&n->spectrum, n->g, n->columns, n->rank, slope / (gamma * gamma), SPECTRUM_KEPT);
    for (int step = 0; step < 100; step++) {
        double change = 0;

        for (int i = 0; i < s->count; i++) {
            double below = gamma + n->shrunk[i];
            double now = fmax(s->value[i] - slope / (below * below), 0);

            change += (now - n->shrunk[i]) * (now - n->shrunk[i]);
            n->shrunk[i] = now;
        }
        if (change < 1e-6)
            break;
    }
    n->rank = 0;
    while (n->rank < s->count && n->shrunk[n->rank] > 0) {
        n->factor[n->rank] = n->shrunk[n->rank] / s->value[n->rank];
        n->rank++;
    }
}

/* T and Q of one column, and Q's squares; f: of the patch in each row. */
CLONES static void update_column(const double *restrict data, const double *restrict low,
                                 const double *restrict f, const double *restrict before,
                                 double *restrict sparse, double *restrict q,
                                 double *restrict squares, int rows, double weight, double growth)
{
#pragma omp simd
    for (int i = 0; i < rows; i++) {
        double dual = (f[i] - 1) * before[i] / growth;
        double rest = data[i] - low[i] - f[i] * before[i] - dual;
        double t = rest - weight / (fabs(rest) + 0.04);
        double s = t > 0 ? t : 0;
        double left = data[i] - s - low[i] - dual;

        sparse[i] = s;
        q[i] = left;
        squares[i] += left * left;
    }
}

/* The factor f of the patch in each row of column j. */
static const double *factors_of(const nram_state *n, const double *f, int j, double *workspace)
{
    if (n->options->lines_are_rows)
        return f;
    for (int i = 0; i < n->rows; i++)
        workspace[i] = f[j];
    return workspace;
}

static double sum(const double *x, int count)
{
    double all = 0;
    for (int i = 0; i < count; i++)
        all += x[i];
    return all;
}

static void update_targets(nram_state *n)
{
    double weight = n->options->lambda * sqrt(n->rows) / 2.5 / n->penalty;
    size_t rows = (size_t)n->rows;
    memset(n->squares, 0, rows * sizeof *n->squares);
    for (int j = 0; j < n->columns; j++) {
        int block = n->columns - j < BLOCK ? n->columns - j : BLOCK;
        size_t at = (size_t)j * rows;

        if (j % BLOCK == 0)
            spectrum_apply(&n->spectrum, n->rank, n->factor, n->g + at, block, n->low,
                           n->workspace);
        update_column(n->data + at, n->low + (size_t)(j % BLOCK) * rows,
                      factors_of(n, n->f_before, j, n->spread), n->q_before + at, n->sparse + at,
                      n->q + at, n->squares, n->rows, weight, n->options->growth);
        if (!n->options->lines_are_rows) {
            n->norm[j] = sqrt(sum(n->squares, n->rows));
            memset(n->squares, 0, rows * sizeof *n->squares);
        }
    }
    for (int i = 0; i < n->rows && n->options->lines_are_rows; i++)
        n->norm[i] = sqrt(n->squares[i]);
}

static void update_edges(nram_state *n)
{
    double threshold = n->options->beta / n->penalty;
    for (int i = 0; i < n->lines; i++)
        n->f[i] = n->norm[i] > threshold ? (n->norm[i] - threshold) / n->norm[i] : 0;
}

/* G of one column, and the squared norm of D - B - T - E there. */
CLONES static double next_column(const double *restrict data, const double *restrict sparse,
                                 const double *restrict q, const double *restrict f,
                                 const double *restrict before, const double *restrict f_before,
                                 double *restrict g, int rows, double growth)
{
    double left = 0;
#pragma omp simd reduction(+ : left)
    for (int i = 0; i < rows; i++) {
        double edge = f[i] * q[i];
        double rest = q[i] + (f_before[i] - 1) * before[i] / growth - edge;

        left += rest * rest;
        g[i] = data[i] - sparse[i] - edge - (edge - q[i]) / growth;
    }
    return left;
}

/* Makes the next G and its Gram matrix; returns the squared norm of the residual. */
static double next_background(nram_state *n)
{
    double left = 0;
    for (int j = 0; j < n->columns; j++) {
        size_t at = (size_t)j * (size_t)n->rows;

        left +=
            next_column(n->data + at, n->sparse + at, n->q + at, factors_of(n, n->f, j, n->spread),
                        n->q_before + at, factors_of(n, n->f_before, j, n->spread + n->rows),
                        n->g + at, n->rows, n->options->growth);
    }
    return left;
}

static void swap(double **a, double **b)
{
    double *other = *a;
    *a = *b;
    *b = other;
}

const double *nram_split(const double *data, int rows, int columns, const nram_options *o,
                         scratch *s, solution *how)
{
    nram_state n;
    double squares = 0;
    start(&n, data, rows, columns, o, s);
    for (size_t i = 0; i < (size_t)rows * (size_t)columns; i++)
        squares += data[i] * data[i];
    *how = (solution){0};
    do {
        swap(&n.q, &n.q_before);
        swap(&n.f, &n.f_before);
        shrink_singular_values(&n);
        update_targets(&n);
        update_edges(&n);
        how->residual = sqrt(next_background(&n) / squares);
        how->iterations++;
        how->converged = how->residual < o->tolerance;
        n.penalty *= o->growth;
    } while (!how->converged && how->iterations < o->iterations);
    return n.sparse;
}

solution nram_saliency(const ir_image *im, const double *parameter, scratch *s, float *saliency)
{
    patch_grid g = patches_of(im, (int)parameter[PATCH], (int)parameter[STEP]);
    size_t pixels = (size_t)im->width * (size_t)im->height;
    size_t count = (size_t)g.rows * (size_t)g.columns;
    double *image = scratch_buffer(s, IMAGE_SLOT, pixels, sizeof *image);
    double *data = scratch_buffer(s, DATA_SLOT, count, sizeof *data);
    double scale = 1 / sqrt(g.rows);
    nram_options o = {.lambda = parameter[LAMBDA] * scale,
                      .beta = 3 * scale,
                      .gamma = parameter[GAMMA],
                      .penalty = 3 * sqrt(g.columns),
                      .growth = 1.1,
                      .tolerance = parameter[TOLERANCE],
                      .iterations = (int)parameter[ITERATIONS],
                      .lines_are_rows = g.patch_stride == 1};
    solution how = {.converged = true};
    memset(saliency, 0, pixels * sizeof *saliency);
    if (!image_to_unit_range(im, image))
        return how;
    patches_cut(&g, image, data);
    patches_last(&g, nram_split(data, g.rows, g.columns, &o, s, &how), saliency);
    return how;
}
