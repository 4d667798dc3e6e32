/* The proximal step of the partial sum of the tensor nuclear norm: see pstnn.h.
 *
 * The Fourier transform of a real tensor along its depth is symmetric: half of the slices, and the
 * one in the middle, say it all. A slice M has the left singular vectors that M M* has as
 * eigenvectors (or the right ones of M* M, whichever is smaller), and only those whose values are
 * not shrunk to nothing are multiplied with M. */
#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "blas.h"
#include "pstnn.h"

struct tensor_step {
    tensor_shape shape;
    double *value;
    zcomplex *slices; /* depth / 2 + 1 of them */
    fftw_plan forward, backward;
    int side; /* of the Gram matrix */
    zcomplex *gram, *product, *work;
    zcomplex *inverse; /* eigenvectors by inverse iteration, and reflectors' factors */
    zcomplex *vectors; /* the eigenvectors, wherever they are */
    double *eigenvalue, *real_work;
    int *whole_work;
    int work_size, real_size, whole_size;
};

/* Making and destroying plans is for one thread at a time. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

static void make_plans(tensor_step *t)
{
    int pixels = t->shape.rows * t->shape.columns;
    pthread_mutex_lock(&planner);
    t->forward = fftw_plan_many_dft_r2c(1, &t->shape.depth, pixels, t->value, NULL, pixels, 1,
                                        (fftw_complex *)t->slices, NULL, pixels, 1, FFTW_ESTIMATE);
    t->backward = fftw_plan_many_dft_c2r(1, &t->shape.depth, pixels, (fftw_complex *)t->slices,
                                         NULL, pixels, 1, t->value, NULL, pixels, 1, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
}

tensor_step *tensor_step_new(tensor_shape shape)
{
    tensor_step *t = ir_calloc(1, sizeof *t);
    size_t pixels = (size_t)shape.rows * (size_t)shape.columns, depth = (size_t)shape.depth;
    int side = shape.rows < shape.columns ? shape.rows : shape.columns;
    t->shape = shape;
    t->side = side;
    t->value = ir_aligned(pixels * depth * sizeof *t->value);
    t->slices = ir_aligned(pixels * (depth / 2 + 1) * sizeof *t->slices);
    t->gram = ir_aligned((size_t)side * (size_t)side * sizeof *t->gram);
    t->inverse = ir_aligned((size_t)side * (size_t)(side + 1) * sizeof *t->inverse);
    t->product = ir_aligned(pixels * sizeof *t->product);
    t->eigenvalue = ir_aligned((size_t)side * sizeof *t->eigenvalue);
    /* as zheevd asks, and enough for the blocks of zhetrd */
    t->work_size = side * (side + 64);
    t->real_size = 1 + 8 * side + 2 * side * side;
    t->whole_size = 3 + 5 * side;
    t->work = ir_aligned((size_t)t->work_size * sizeof *t->work);
    t->real_work = ir_aligned((size_t)t->real_size * sizeof *t->real_work);
    t->whole_work = ir_aligned((size_t)t->whole_size * sizeof *t->whole_work);
    make_plans(t);
    return t;
}

double *tensor_step_values(tensor_step *t)
{
    return t->value;
}

void tensor_step_free(tensor_step *t)
{
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(t->forward);
    fftw_destroy_plan(t->backward);
    pthread_mutex_unlock(&planner);
    free(t->value);
    free(t->slices);
    free(t->gram);
    free(t->inverse);
    free(t->product);
    free(t->eigenvalue);
    free(t->work);
    free(t->real_work);
    free(t->whole_work);
    free(t);
}

/* The slice's Gram matrix. */
static void make_gram(tensor_step *t, const zcomplex *slice)
{
    const double one = 1, zero = 0;
    const tensor_shape *shape = &t->shape;
    bool wide = shape->rows <= shape->columns;
    const int *length = wide ? &shape->columns : &shape->rows;
    blas()->zherk("U", wide ? "N" : "C", &t->side, length, &one, slice, &shape->rows, &zero,
                  t->gram, &t->side, 1, 1);
}

/* All eigenvalues and eigenvectors; the slow way, which always works. */
static void decompose_wholly(tensor_step *t, const zcomplex *slice)
{
    int info;
    make_gram(t, slice);
    blas()->zheevd("V", "U", &t->side, t->gram, &t->side, t->eigenvalue, t->work, &t->work_size,
                   t->real_work, &t->real_size, t->whole_work, &t->whole_size, &info, 1, 1);
    if (info != 0)
        ir_die("an eigenvalue problem of %d rows has no solution", t->side);
    t->vectors = t->gram;
}

/* How many eigenvectors are needed: of the `keep` largest eigenvalues and those above `above`; of a
 * slice that is all zero none, whatever was asked for. */
static int needed(const tensor_step *t, int keep, double above)
{
    int count = 0;
    while (count < t->side && t->eigenvalue[t->side - 1 - count] > 0 &&
           (count < keep || t->eigenvalue[t->side - 1 - count] > above))
        count++;
    return count;
}

/* All eigenvalues, ascending, and those eigenvectors that are needed, by inverse iteration; returns
 * how many. */
static int decompose(tensor_step *t, const zcomplex *slice, int keep, double above)
{
    size_t n = (size_t)t->side;
    double *diagonal = t->real_work, *off = diagonal + n, *copy = off + n, *vectors = copy + n;
    double *workspace = vectors + n * n;
    int *block = t->whole_work, *failed = block + n, *index = failed + n;
    zcomplex *factors = t->inverse + n * n, *first;
    int count = 0, info;
    make_gram(t, slice);
    blas()->zhetrd("U", &t->side, t->gram, &t->side, diagonal, off, factors, t->work, &t->work_size,
                   &info, 1);
    memcpy(t->eigenvalue, diagonal, n * sizeof *diagonal);
    memcpy(copy, off, (n - 1) * sizeof *copy);
    blas()->dsterf(&t->side, t->eigenvalue, copy, &info);
    if (info == 0 && (count = needed(t, keep, above)) > 0) {
        for (size_t i = 0; i < n; i++)
            block[i] = 1;
        blas()->dstein(&t->side, diagonal, off, &count, t->eigenvalue + t->side - count, block,
                       &t->side, vectors, &t->side, workspace, index, failed, &info);
    }
    if (info != 0) {
        decompose_wholly(t, slice);
        return needed(t, keep, above);
    }
    t->vectors = t->inverse;
    first = t->vectors + n * (size_t)(t->side - count);
    for (size_t i = 0; i < n * (size_t)count; i++)
        first[i] = vectors[i];
    blas()->zunmtr("L", "U", "N", &t->side, &count, t->gram, &t->side, factors, first, &t->side,
                   t->work, &t->work_size, &info, 1, 1, 1);
    return count;
}

/* The factor by which the i-th largest singular value shrinks. */
static double factor_left(int i, double singular, int keep, double tau)
{
    if (i < keep)
        return 1;
    return singular > tau ? 1 - tau / singular : 0;
}

/* product = U* M (or M U); M = U diag(factor) product (or product diag(factor) U*), for the
 * `count` last eigenvectors U, in the order in which they are. */
static void multiply(tensor_step *t, zcomplex *slice, int count, const double *factor)
{
    const zcomplex one = 1, zero = 0;
    const int *rows = &t->shape.rows, *columns = &t->shape.columns;
    const zcomplex *u = t->vectors + (size_t)(t->side - count) * (size_t)t->side;
    if (*rows <= *columns) {
        blas()->zgemm("C", "N", &count, columns, rows, &one, u, rows, slice, rows, &zero,
                      t->product, &count, 1, 1);
        for (int j = 0; j < *columns; j++)
            for (int i = 0; i < count; i++)
                t->product[(size_t)j * (size_t)count + (size_t)i] *= factor[i];
        blas()->zgemm("N", "N", rows, columns, &count, &one, u, rows, t->product, &count, &zero,
                      slice, rows, 1, 1);
    } else {
        blas()->zgemm("N", "N", rows, &count, columns, &one, slice, rows, u, columns, &zero,
                      t->product, rows, 1, 1);
        for (int j = 0; j < count; j++)
            for (int i = 0; i < *rows; i++)
                t->product[(size_t)j * (size_t)*rows + (size_t)i] *= factor[j];
        blas()->zgemm("N", "C", rows, columns, &count, &one, t->product, rows, u, columns, &zero,
                      slice, rows, 1, 1);
    }
}

static void shrink_slice(tensor_step *t, zcomplex *slice, int keep, double tau)
{
    int count = decompose(t, slice, keep, tau * tau);
    /* the factors take the eigenvalues' place */
    for (int i = 0; i < count; i++) {
        double *value = &t->eigenvalue[t->side - 1 - i];

        /* FFTW's way back multiplies by the depth */
        *value = factor_left(i, *value > 0 ? sqrt(*value) : 0, keep, tau) / t->shape.depth;
    }
    if (count > 0)
        multiply(t, slice, count, t->eigenvalue + t->side - count);
    else
        memset(slice, 0, sizeof *slice * (size_t)t->shape.rows * (size_t)t->shape.columns);
}

void tensor_step_run(tensor_step *t, int keep, double tau)
{
    size_t pixels = (size_t)t->shape.rows * (size_t)t->shape.columns;
    fftw_execute(t->forward);
    for (int i = 0; i <= t->shape.depth / 2; i++)
        shrink_slice(t, t->slices + (size_t)i * pixels, keep, tau);
    fftw_execute(t->backward);
}
