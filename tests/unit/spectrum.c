/* The largest singular values: against the matrix itself, and those found from the last ones
 * against those found from scratch, whichever way is taken. One line per failure; exit 1 when there
 * was one. */
#include "../../ir-detect/classical/spectrum.h"
#include "../../ir-detect/classical/blas.h"
#include "matrices.h"

enum { ROWS = 150, WIDE_ROWS = 350, COLUMNS = 400, RANK = 20 };

/* The vectors are orthonormal and X X' u = s s u. */
static void check_pairs(const spectrum *s, const double *x, const char *what)
{
    double *image = room(ROWS), worst = 0;

    for (int i = 0; i < s->count; i++) {
        const double *u = s->vector + (size_t)i * ROWS;

        memset(image, 0, ROWS * sizeof *image);
        for (int j = 0; j < COLUMNS; j++) {
            double dot = 0;

            for (int k = 0; k < ROWS; k++)
                dot += x[j * ROWS + k] * u[k];
            for (int k = 0; k < ROWS; k++)
                image[k] += dot * x[j * ROWS + k];
        }
        for (int k = 0; k < ROWS; k++)
            image[k] -= s->value[i] * s->value[i] * u[k];
        worst = fmax(worst, norm(image, ROWS) / (s->value[0] * s->value[0]));
        worst = fmax(worst, fabs(norm(u, ROWS) - 1));
        for (int j = 0; j < i; j++) {
            double dot = 0;

            for (int k = 0; k < ROWS; k++)
                dot += u[k] * s->vector[(size_t)j * ROWS + (size_t)k];
            worst = fmax(worst, fabs(dot));
        }
    }
    expect(worst < 1e-7, what, worst);
    free(image);
}

static void test_spectrum(void)
{
    enum { COUNT = ROWS * COLUMNS };
    ir_rng rng = random_numbers("spectrum");
    scratch memory = {0};
    spectrum s;
    double *x = room(COUNT), *noise = room(COUNT), *back = room(COUNT), *space = room(COUNT);
    double factor[ROWS], squares = 0;

    for (int i = 0; i < ROWS; i++)
        factor[i] = 1;
    fill_low_rank(x, ROWS, COLUMNS, RANK, 1, &rng);
    spectrum_room(&s, ROWS, &memory, 0);

    spectrum_find(&s, x, COLUMNS, 0, 1e-3, SPECTRUM_KEPT);
    expect(s.count == RANK, "as many singular values as the rank", s.count);
    check_pairs(&s, x, "singular vectors of a matrix of low rank");
    spectrum_apply(&s, s.count, factor, x, COLUMNS, back, space);
    expect(relative_error(back, x, COUNT) < 1e-9, "the singular vectors hold the matrix",
           relative_error(back, x, COUNT));

    /* the next ones, from these */
    for (int step = 0; step < 5; step++) {
        double above;

        fill_normal(noise, COUNT, &rng);
        for (int i = 0; i < COUNT; i++)
            x[i] += 0.02 * noise[i];
        spectrum_find(&s, x, COLUMNS, 0, 5, SPECTRUM_KEPT);
        expect(s.count == RANK && s.value[RANK - 1] > 5, "as many as before, with little noise",
               s.count);
        check_pairs(&s, x, "singular vectors from the last ones");
        above = s.value[RANK - 1];
        spectrum_find(&s, x, COLUMNS, 0, above * 0.999, SPECTRUM_SHRUNK);
        expect(s.count == RANK, "a threshold that is nearly a singular value", s.count);
    }

    spectrum_find(&s, x, COLUMNS, ROWS, INFINITY, SPECTRUM_KEPT);
    expect(s.count == ROWS, "all singular values", s.count);
    for (int i = 0; i < ROWS; i++)
        squares += s.value[i] * s.value[i];
    expect(fabs(sqrt(squares) / norm(x, COUNT) - 1) < 1e-12, "their squares add up to the norm's",
           sqrt(squares) / norm(x, COUNT));
    scratch_free(&memory);
    free(x);
    free(noise);
    free(back);
    free(space);
}

/* to = X with its singular values made smaller by tau */
static void shrink(spectrum *s, const double *x, double tau, double *to, double *space)
{
    double factor[WIDE_ROWS];

    spectrum_find(s, x, COLUMNS, 0, tau, SPECTRUM_SHRUNK);
    for (int i = 0; i < s->count; i++)
        factor[i] = 1 - tau / s->value[i];
    spectrum_apply(s, s->count, factor, x, COLUMNS, to, space);
}

/* Singular values that fall slowly, of a matrix that changes by a few percent from step to step:
 * those found from the last ones, and those found from scratch, make the same matrix. */
static void test_slow_fall(void)
{
    enum { COUNT = WIDE_ROWS * COLUMNS };
    ir_rng rng = random_numbers("slow fall");
    scratch memory = {0}, other = {0};
    spectrum s, fresh;
    double *x = room(COUNT), *part = room(COUNT), *warm = room(COUNT), *cold = room(COUNT);
    double *space = room(COUNT), worst = 0;

    for (int k = 0; k < WIDE_ROWS; k++) {
        fill_low_rank(part, WIDE_ROWS, COLUMNS, 1, pow(0.9, k), &rng);
        for (int i = 0; i < COUNT; i++)
            x[i] += part[i];
    }
    spectrum_room(&s, WIDE_ROWS, &memory, 0);
    for (int step = 0; step < 8; step++) {
        double tau = 150 * pow(0.9, step);

        fill_normal(part, COUNT, &rng);
        for (int i = 0; i < COUNT; i++)
            x[i] += 0.05 * part[i];
        shrink(&s, x, tau, warm, space);
        spectrum_room(&fresh, WIDE_ROWS, &other, 0);
        shrink(&fresh, x, tau, cold, space);
        expect(s.count == fresh.count && s.count > 4, "as many as from scratch", s.count);
        worst = fmax(worst, relative_error(warm, cold, COUNT));
    }
    expect(worst < 1e-7, "the same matrix as from scratch", worst);
    scratch_free(&memory);
    scratch_free(&other);
    free(x);
    free(part);
    free(warm);
    free(cold);
    free(space);
}

/* to = the part of `low` rank in a little noise, the noise drawn anew. */
static void draw(double *to, const double *low, double *noise, size_t count, ir_rng *rng)
{
    fill_normal(noise, count, rng);
    for (size_t i = 0; i < count; i++)
        to[i] = low[i] + 0.02 * noise[i];
}

/* Few values far above the others are found from the last ones without the Gram matrix. */
static void test_few(void)
{
    enum { COUNT = WIDE_ROWS * COLUMNS };
    ir_rng rng = random_numbers("few");
    scratch memory = {0}, other = {0};
    spectrum s, fresh;
    double *low = room(COUNT), *noise = room(COUNT), *x = room(COUNT), *space = room(COUNT);
    double *warm = room(COUNT), *cold = room(COUNT);

    fill_low_rank(low, WIDE_ROWS, COLUMNS, 3, 1, &rng);
    spectrum_room(&s, WIDE_ROWS, &memory, 0);
    for (int step = 0; step < 3; step++) {
        draw(x, low, noise, COUNT, &rng);
        shrink(&s, x, 100, warm, space);
        expect(s.count == 3 && s.squared == (step == 0), "the Gram matrix is made at first alone",
               s.count);
        spectrum_room(&fresh, WIDE_ROWS, &other, 0);
        shrink(&fresh, x, 100, cold, space);
        expect(relative_error(warm, cold, COUNT) < 1e-9, "the same without the Gram matrix",
               relative_error(warm, cold, COUNT));
    }
    scratch_free(&memory);
    scratch_free(&other);
    free(low);
    free(noise);
    free(x);
    free(space);
    free(warm);
    free(cold);
}

/* Noise has no gap in its values and keeps no vector from one draw to the next, so that no start
 * gets there: the values are found all the same. */
static void test_no_gap(void)
{
    enum { COUNT = WIDE_ROWS * COLUMNS };
    ir_rng rng = random_numbers("no gap");
    scratch memory = {0}, other = {0};
    spectrum s, fresh;
    double *x = room(COUNT), *space = room(COUNT), *warm = room(COUNT), *cold = room(COUNT);
    int hopeless;

    spectrum_room(&s, WIDE_ROWS, &memory, 0);
    hopeless = s.hopeless;
    for (int step = 0; step < 3; step++) {
        fill_normal(x, COUNT, &rng);
        shrink(&s, x, 35.5, warm, space);
        spectrum_room(&fresh, WIDE_ROWS, &other, 0);
        shrink(&fresh, x, 35.5, cold, space);
        expect(s.count == fresh.count && s.count > 4, "as many in noise as from scratch", s.count);
        expect(relative_error(warm, cold, COUNT) < 1e-9,
               "the same matrix where no start gets there", relative_error(warm, cold, COUNT));
    }
    expect(s.hopeless < hopeless, "such a start is not tried again", s.hopeless);
    scratch_free(&memory);
    scratch_free(&other);
    free(x);
    free(space);
    free(warm);
    free(cold);
}

int main(void)
{
    ir_start("test-spectrum");
    openblas_set_num_threads(1);
    test_spectrum();
    test_slow_fall();
    test_few();
    test_no_gap();
    return failures > 0;
}
