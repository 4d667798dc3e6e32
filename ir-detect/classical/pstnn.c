/* PSTNN (Zhang and Peng, "Infrared small target detection based on partial sum of the tensor
 * nuclear norm", Remote Sensing 11(4), 2019): patches of the image, one behind the other, make a
 * tensor whose background has a low tubal rank and whose targets are sparse,
 *
 *     minimise  |B|_PSTNN + lambda |W . T|_1  subject to  X = B + T,
 *
 * the weights W falling with the element and with a local prior for corners and spots. Solved by
 * the alternating direction method of multipliers. Values, step, thresholds and the rules by which
 * the iteration ends are those of the code that the authors published, which works on samples from
 * 0 to 255 and takes what is not negative into T. */
#include "pstnn.h"

#include <math.h>
#include <string.h>

#include "clones.h"
#include "patches.h"
#include "spectrum.h"

enum { IMAGE_SLOT, PRIOR_SLOT, WORK_SLOT, TENSOR_SLOT, TENSOR_PRIOR_SLOT, SPARSE_SLOT };
enum { DUAL_SLOT = SPARSE_SLOT + 1, SPECTRUM_SLOT };

static double norm(const double *x, size_t count)
{
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < count; i++)
        squares += x[i] * x[i];
    return sqrt(squares);
}

/* What one iteration adds up. */
typedef struct {
    double left; /* squared norm of B + T - X */
    long nonzero;
} admm_sums;

/* T from B, the dual variable (divided by mu) for the next mu, and what B will be made of next.
 * threshold: lambda / mu, the weights' common factor; value holds B and gets X - T - dual. */
CLONES static admm_sums update(const double *restrict x, const double *restrict prior,
                               double *restrict sparse, double *restrict dual,
                               double *restrict value, size_t count, double threshold,
                               bool weighted, double growth)
{
    double left = 0;
    long nonzero = 0;
#pragma omp simd reduction(+ : left, nonzero)
    for (size_t i = 0; i < count; i++) {
        double weight = weighted ? 1 / (sparse[i] + 0.01) / prior[i] : 1;
        double t = x[i] - value[i] - dual[i] - weight * threshold;
        double s = t > 0 ? t : 0;
        double rest = value[i] + s - x[i];

        left += rest * rest;
        nonzero += t > 0;
        sparse[i] = s;
        dual[i] = (dual[i] + rest) / growth;
        value[i] = x[i] - s - dual[i];
    }
    return (admm_sums){left, nonzero};
}

solution tensor_rpca(const double *x, tensor_shape shape, const double *prior,
                     const tensor_rpca_options *o, double *sparse, double *dual, double *low)
{
    size_t count = (size_t)shape.rows * (size_t)shape.columns * (size_t)shape.depth;
    tensor_step *step = tensor_step_new(shape);
    double *value = tensor_step_values(step), size = norm(x, count), mu = o->penalty;
    solution how = {0};
    long before = 0;
    memset(sparse, 0, count * sizeof *sparse);
    memset(dual, 0, count * sizeof *dual);
    memcpy(value, x, count * sizeof *value);
    do {
        double next_mu = fmin(o->growth * mu, 1e10), threshold = o->lambda / mu;
        admm_sums sums;

        tensor_step_run(step, o->keep, 1 / mu);
        if (low)
            memcpy(low, value, count * sizeof *low);
        /* the weights are 1 at first, later keep / (|T| + 0.01) / prior */
        if (how.iterations > 0)
            threshold *= o->keep;
        sums = update(x, prior, sparse, dual, value, count, threshold, how.iterations > 0,
                      next_mu / mu);
        how.iterations++;
        how.residual = sqrt(sums.left) / size;
        how.converged =
            how.residual < o->tolerance || (o->early && sums.nonzero == before && before > 0);
        before = sums.nonzero;
        mu = next_mu;
    } while (!how.converged && how.iterations < o->iterations);
    tensor_step_free(step);
    return how;
}

/* How many singular values of the tensor, unfolded along its depth, come before the first that is
 * below `ratio` of the largest; 1 when none is. */
static int kept_rank(const ir_image *im, const double *image, int patch, int step, double ratio,
                     double *workspace, scratch *s)
{
    patch_grid g = patches_of(im, patch, step);
    size_t count = (size_t)g.rows * (size_t)g.columns;
    spectrum values;
    int rank = 0;
    patches_cut(&g, image, workspace);
    spectrum_init(&values, g.rows, s, SPECTRUM_SLOT);
    /* the largest value is at least the root of the mean of the squares */
    spectrum_find(&values, workspace, g.columns, 1, ratio * norm(workspace, count) / sqrt(g.rows),
                  SPECTRUM_KEPT);
    while (rank < values.count && values.value[rank] >= ratio * values.value[0])
        rank++;
    return rank < g.rows ? rank : 1;
}

/* Samples on a scale from 0 to 255; false when they are all the same. */
static bool scale_image(const ir_image *im, double *to)
{
    size_t count = (size_t)im->width * (size_t)im->height;
    bool flat = true;
    for (size_t i = 0; i < count; i++) {
        flat = flat && im->pixel[i] == im->pixel[0];
        to[i] = im->pixel[i] * 255.0 / im->maxval;
    }
    return !flat;
}

solution pstnn_saliency(const ir_image *im, const double *parameter, scratch *s, float *saliency)
{
    int patch = (int)parameter[PATCH], step = (int)parameter[STEP];
    patch_grid g = patches_in_turn(im, patch, step);
    tensor_shape shape = {g.patch_width, g.patch_height, (int)patch_count(&g)};
    size_t pixels = (size_t)im->width * (size_t)im->height;
    size_t count = patch_pixels(&g) * patch_count(&g);
    double *image = scratch_buffer(s, IMAGE_SLOT, pixels, sizeof *image);
    double *prior = scratch_buffer(s, PRIOR_SLOT, pixels, sizeof *prior);
    double *workspace = scratch_buffer(s, WORK_SLOT, 4 * pixels, sizeof *workspace);
    double *tensor = scratch_buffer(s, TENSOR_SLOT, count, sizeof *tensor);
    double *tensor_prior = scratch_buffer(s, TENSOR_PRIOR_SLOT, count, sizeof *tensor_prior);
    double *sparse = scratch_buffer(s, SPARSE_SLOT, count, sizeof *sparse);
    double *dual = scratch_buffer(s, DUAL_SLOT, count, sizeof *dual);
    int side = shape.rows > shape.columns ? shape.rows : shape.columns;
    tensor_rpca_options o = {.lambda = parameter[LAMBDA] / sqrt((double)side * shape.depth),
                             .penalty = 2e-3,
                             .growth = 1.05,
                             .tolerance = parameter[TOLERANCE],
                             .iterations = (int)parameter[ITERATIONS],
                             .early = true};
    solution how;
    memset(saliency, 0, pixels * sizeof *saliency);
    if (!scale_image(im, image))
        return (solution){.converged = true};
    corner_prior(image, im->width, im->height, workspace, prior);
    patches_cut(&g, prior, tensor_prior);
    o.keep = kept_rank(im, image, patch, step, parameter[RANK_RATIO], tensor, s);
    patches_cut(&g, image, tensor);
    how = tensor_rpca(tensor, shape, tensor_prior, &o, sparse, dual, NULL);
    patches_last(&g, sparse, saliency);
    return how;
}
