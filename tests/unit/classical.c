/* What the classical detectors are made of, on cases whose answer is known: patches and the way
 * back, low rank and sparse parts that are recovered, identities of the tensor singular value
 * decomposition. One line per failure; exit 1 when there was one. */

#include "../../ir-detect/classical/blas.h"
#include "../../ir-detect/classical/ipi.h"
#include "../../ir-detect/classical/nram.h"
#include "../../ir-detect/classical/patches.h"
#include "../../ir-detect/classical/pstnn.h"
#include "matrices.h"

/* ---- patches ------------------------------------------------------------------------------- */

static void test_patches(int width, int height, int patch, int step)
{
    ir_image im = {.width = width, .height = height};
    patch_grid g = patches_of(&im, patch, step), in_turn = patches_in_turn(&im, patch, step);
    size_t pixels = (size_t)width * (size_t)height;
    size_t count = (size_t)g.rows * (size_t)g.columns;
    double *image = numbers(pixels), *matrix = numbers(count), *values = numbers(patches_over(&g));
    float *back = ir_calloc(pixels, sizeof *back);
    double wrong = 0;
    for (size_t i = 0; i < pixels; i++)
        image[i] = 1 + (double)i;
    patches_cut(&g, image, matrix);
    patches_median(&g, matrix, values, back);
    for (size_t i = 0; i < pixels; i++)
        wrong += back[i] != (float)image[i];
    memset(back, 0, pixels * sizeof *back);
    patches_cut(&in_turn, image, matrix);
    patches_last(&in_turn, matrix, back);
    for (size_t i = 0; i < pixels; i++)
        wrong += back[i] != (float)image[i];
    expect(wrong == 0, "patches make up the image again", wrong);
    expect(g.rows <= g.columns && count == patch_pixels(&g) * patch_count(&g),
           "the matrix holds every pixel of every patch", (double)count);
    free(image);
    free(matrix);
    free(values);
    free(back);
}

/* ---- parts that are recovered -------------------------------------------------------------- */

enum { ROWS = 150, COLUMNS = 400 };

static void test_rpca(void)
{
    enum { COUNT = ROWS * COLUMNS };
    ir_rng rng = random_numbers("rpca");
    rpca_options o = {
        .lambda = 1 / sqrt(COLUMNS), .last_mu = 1e-7, .tolerance = 1e-9, .iterations = 2000};
    scratch memory = {0};
    solution how;
    double *low = numbers(COUNT), *sparse = numbers(COUNT), *data = numbers(COUNT),
           *found = numbers(COUNT);
    const double *e;

    fill_low_rank(low, ROWS, COLUMNS, 6, 1, &rng);
    fill_sparse(sparse, COUNT, 0.05, -5, 5, &rng);
    for (int i = 0; i < COUNT; i++)
        data[i] = low[i] + sparse[i];
    e = rpca(data, ROWS, COLUMNS, &o, &memory, found, &how);
    expect(how.converged, "rpca converges", how.residual);
    expect(relative_error(found, low, COUNT) < 1e-4, "rpca recovers the part of low rank",
           relative_error(found, low, COUNT));
    expect(relative_error(e, sparse, COUNT) < 1e-4, "rpca recovers the sparse part",
           relative_error(e, sparse, COUNT));
    o.iterations = 3;
    rpca(data, ROWS, COLUMNS, &o, &memory, NULL, &how);
    expect(!how.converged && how.iterations == 3, "rpca says that it did not converge",
           how.iterations);
    scratch_free(&memory);
    free(low);
    free(sparse);
    free(data);
    free(found);
}

/* A background of rank 3, sparse targets, and two patches that are all edge. */
static void test_nram(bool lines_are_rows)
{
    enum { COUNT = ROWS * COLUMNS };
    ir_rng rng = random_numbers("nram");
    nram_options o = {.lambda = 1 / sqrt(ROWS),
                      .beta = 1, /* an edge costs more than a target */
                      .gamma = 0.002,
                      .penalty = 3 * sqrt(COLUMNS),
                      .growth = 1.02, /* slowly enough for an exact answer */
                      .tolerance = 1e-7,
                      .iterations = 1000,
                      .lines_are_rows = lines_are_rows};
    scratch memory = {0};
    solution how;
    double *sparse = numbers(COUNT), *data = numbers(COUNT), error;
    const double *found;

    fill_low_rank(data, ROWS, COLUMNS, 3, 0.1, &rng);
    fill_sparse(sparse, COUNT, 0.0005, 0.8, 1, &rng);
    for (int i = 0; i < COUNT; i++)
        data[i] += sparse[i];
    found = nram_split(data, ROWS, COLUMNS, &o, &memory, &how);
    error = relative_error(found, sparse, COUNT);
    expect(how.converged, "nram converges", how.residual);
    expect(error < 1e-4, "nram recovers the sparse part", error);
    scratch_free(&memory);
    free(sparse);
    free(data);
}

/* A tensor of tubal rank `rank`: every slice of its Fourier transform has it, as each of the slices
 * is a sum of products of the same columns with other rows. */
static void fill_low_tubal_rank(double *x, tensor_shape t, int rank, double scale, ir_rng *rng)
{
    double *a = numbers((size_t)t.rows), *b = numbers((size_t)(t.columns * t.depth));
    size_t count = (size_t)t.rows * (size_t)t.columns * (size_t)t.depth;
    memset(x, 0, count * sizeof *x);
    for (int k = 0; k < rank; k++) {
        fill_normal(a, (size_t)t.rows, rng);
        fill_normal(b, (size_t)(t.columns * t.depth), rng);
        for (size_t i = 0; i < count; i++)
            x[i] += scale * a[i % (size_t)t.rows] * b[i / (size_t)t.rows];
    }
    free(a);
    free(b);
}

static void test_tensor_rpca(void)
{
    tensor_shape shape = {30, 24, 11};
    size_t count = 30 * 24 * 11;
    ir_rng rng = random_numbers("tensor rpca");
    tensor_rpca_options o = {.lambda = 1 / sqrt(30 * 11),
                             .keep = 2,
                             .penalty = 2e-3,
                             .growth = 1.05,
                             .tolerance = 1e-8,
                             .iterations = 1000};
    double *low = numbers(count), *sparse = numbers(count), *data = numbers(count),
           *prior = numbers(count);
    double *found = numbers(count), *dual = numbers(count), *found_low = numbers(count);
    solution how;
    fill_low_tubal_rank(low, shape, 2, 30, &rng);
    fill_sparse(sparse, count, 0.005, 150, 250, &rng);
    for (size_t i = 0; i < count; i++) {
        data[i] = low[i] + sparse[i];
        prior[i] = 1;
    }
    how = tensor_rpca(data, shape, prior, &o, found, dual, found_low);
    expect(how.converged, "tensor rpca converges", how.residual);
    expect(relative_error(found_low, low, count) < 1e-4, "tensor rpca recovers the low tubal rank",
           relative_error(found_low, low, count));
    expect(relative_error(found, sparse, count) < 1e-4, "tensor rpca recovers the sparse part",
           relative_error(found, sparse, count));
    free(low);
    free(sparse);
    free(data);
    free(prior);
    free(found);
    free(dual);
    free(found_low);
}

/* ---- the tensor singular value decomposition ----------------------------------------------- */

static void run_step(const double *x, tensor_shape shape, int keep, double tau, double *to)
{
    size_t count = (size_t)shape.rows * (size_t)shape.columns * (size_t)shape.depth;
    tensor_step *step = tensor_step_new(shape);
    memcpy(tensor_step_values(step), x, count * sizeof *x);
    tensor_step_run(step, keep, tau);
    memcpy(to, tensor_step_values(step), count * sizeof *x);
    tensor_step_free(step);
}

/* to: every slice transposed */
static void transpose(const double *x, tensor_shape t, double *to)
{
    for (int k = 0; k < t.depth; k++)
        for (int j = 0; j < t.columns; j++)
            for (int i = 0; i < t.rows; i++)
                to[(k * t.rows + i) * t.columns + j] = x[(k * t.columns + j) * t.rows + i];
}

static void test_tensor_step(int rows, int columns, int depth)
{
    tensor_shape shape = {rows, columns, depth}, turned = {columns, rows, depth};
    size_t count = (size_t)rows * (size_t)columns * (size_t)depth;
    ir_rng rng = random_numbers("tensor step");
    double *x = numbers(count), *y = numbers(count), *z = numbers(count), *low = numbers(count),
           error;
    fill_normal(x, count, &rng);
    run_step(x, shape, 0, 0, y);
    error = relative_error(y, x, count);
    expect(error < 1e-6, "a threshold of nothing changes nothing", error);
    run_step(x, shape, rows, 1e6, y);
    error = relative_error(y, x, count);
    expect(error < 1e-6, "nothing changes when all is kept", error);
    run_step(x, shape, 0, 1e6, y);
    expect(norm(y, count) == 0, "nothing is left of what is below the threshold", norm(y, count));

    run_step(x, shape, 1, 3, y);
    transpose(x, shape, z);
    run_step(z, turned, 1, 3, low);
    transpose(low, turned, z);
    error = relative_error(z, y, count);
    expect(error < 1e-6, "slices may be transposed", error);

    fill_low_tubal_rank(low, shape, 1, 1, &rng);
    run_step(low, shape, 1, 1e6, y);
    error = relative_error(y, low, count);
    expect(error < 1e-6, "a tubal rank of one is kept", error);
    free(x);
    free(y);
    free(z);
    free(low);
}

/* Along the depth, a tensor that is the same everywhere has one slice, depth times as large; with
 * one that has only its k-th frequency, that one and its mirror image, half as large each. */
static void test_tensor_depth(void)
{
    enum { SIDE = 7, DEPTH = 6, PIXELS = SIDE * SIDE };
    tensor_shape flat = {SIDE, SIDE, 1}, deep = {SIDE, SIDE, DEPTH};
    double matrix[PIXELS], shrunk[PIXELS], x[PIXELS * DEPTH], y[PIXELS * DEPTH], wrong = 0;
    ir_rng rng = random_numbers("depth");

    fill_normal(matrix, PIXELS, &rng);
    for (int k = 0; k <= DEPTH / 2; k++) {
        double times = k == 0 || 2 * k == DEPTH ? DEPTH : DEPTH / 2.0;

        for (int i = 0; i < PIXELS * DEPTH; i++)
            x[i] = matrix[i % PIXELS] * cos(2 * 3.14159265358979323846 * k * (i / PIXELS) / DEPTH);
        run_step(matrix, flat, 1, 0.5, shrunk);
        run_step(x, deep, 1, 0.5 * times, y);
        for (int i = 0; i < PIXELS * DEPTH; i++)
            wrong = fmax(wrong, fabs(y[i] - shrunk[i % PIXELS] * cos(2 * 3.14159265358979323846 *
                                                                     k * (i / PIXELS) / DEPTH)));
    }
    expect(wrong < 1e-7, "a tensor of one frequency is shrunk as its slice is", wrong);
}

int main(void)
{
    ir_start("test-classical");
    blas_start(1);
    test_patches(70, 33, 10, 4);
    test_patches(33, 70, 12, 12);
    test_patches(9, 5, 50, 10);
    test_patches(64, 64, 16, 16);
    test_patches(61, 47, 7, 1);
    test_patches(1, 40, 8, 3);
    test_rpca();
    test_nram(false);
    test_nram(true);
    test_tensor_step(8, 5, 6);
    test_tensor_step(5, 8, 7);
    test_tensor_step(6, 6, 1);
    test_tensor_depth();
    test_tensor_rpca();
    return failures > 0;
}
