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
    double *image = numbers(ROWS), worst = 0;
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
    double *x = numbers(COUNT), *noise = numbers(COUNT), *back = numbers(COUNT),
           *space = numbers(COUNT);
    double factor[ROWS], squares = 0;

    for (int i = 0; i < ROWS; i++)
        factor[i] = 1;
    fill_low_rank(x, ROWS, COLUMNS, RANK, 1, &rng);
    spectrum_init(&s, ROWS, &memory, 0);

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

/* ---- from the last ones against from scratch --------------------------------------------------*/

enum { WIDE_COUNT = WIDE_ROWS * COLUMNS };

/* A matrix that changes from step to step, and what its singular values made smaller leave of it:
 * found from the last ones, and anew. */
typedef struct {
    scratch memory, other;
    spectrum last, fresh;
    double *x, *part, *warm, *cold, *space;
} pursuit;

static pursuit pursuit_start(void)
{
    pursuit p = {.x = numbers(WIDE_COUNT),
                 .part = numbers(WIDE_COUNT),
                 .warm = numbers(WIDE_COUNT),
                 .cold = numbers(WIDE_COUNT),
                 .space = numbers(WIDE_COUNT)};
    spectrum_init(&p.last, WIDE_ROWS, &p.memory, 0);
    return p;
}

static void pursuit_end(pursuit *p)
{
    scratch_free(&p->memory);
    scratch_free(&p->other);
    free(p->x);
    free(p->part);
    free(p->warm);
    free(p->cold);
    free(p->space);
}

/* x = so much of x and so much of new noise */
static void pursuit_draw(pursuit *p, double old, double noise, ir_rng *rng)
{
    fill_normal(p->part, WIDE_COUNT, rng);
    for (int i = 0; i < WIDE_COUNT; i++)
        p->x[i] = old * p->x[i] + noise * p->part[i];
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

static void pursuit_compare(pursuit *p, double tau, double most, const char *what)
{
    double error;
    shrink(&p->last, p->x, tau, p->warm, p->space);
    spectrum_init(&p->fresh, WIDE_ROWS, &p->other, 0);
    shrink(&p->fresh, p->x, tau, p->cold, p->space);
    expect(p->last.count == p->fresh.count && p->last.count > 2, what, p->last.count);
    error = relative_error(p->warm, p->cold, WIDE_COUNT);
    expect(error < most, what, error);
}

/* Singular values that fall slowly, of a matrix that changes by a few percent from step to step. */
static void test_slow_fall(void)
{
    ir_rng rng = random_numbers("slow fall");
    pursuit p = pursuit_start();
    for (int k = 0; k < WIDE_ROWS; k++) {
        fill_low_rank(p.part, WIDE_ROWS, COLUMNS, 1, pow(0.9, k), &rng);
        for (int i = 0; i < WIDE_COUNT; i++)
            p.x[i] += p.part[i];
    }
    for (int step = 0; step < 8; step++) {
        pursuit_draw(&p, 1, 0.05, &rng);
        pursuit_compare(&p, 150 * pow(0.9, step), 1e-7, "values that fall slowly");
    }
    pursuit_end(&p);
}

/* Few values far above the others are found from the last ones without the Gram matrix. */
static void test_few(void)
{
    ir_rng rng = random_numbers("few");
    pursuit p = pursuit_start();
    fill_low_rank(p.x, WIDE_ROWS, COLUMNS, 3, 1, &rng);
    for (int step = 0; step < 3; step++) {
        pursuit_draw(&p, 1, 0.02, &rng);
        pursuit_compare(&p, 100, 1e-9, "few values");
        expect(p.last.squared == (step == 0), "the Gram matrix is made at first alone", step);
    }
    pursuit_end(&p);
}

/* Noise has no gap in its values and keeps no vector from one draw to the next, so that no start
 * gets there: the values are found all the same. */
static void test_no_gap(void)
{
    ir_rng rng = random_numbers("no gap");
    pursuit p = pursuit_start();
    int hopeless = p.last.hopeless;
    for (int step = 0; step < 3; step++) {
        pursuit_draw(&p, 0, 1, &rng);
        pursuit_compare(&p, 35.5, 1e-9, "values without a gap");
    }
    expect(p.last.hopeless < hopeless, "such a start is not tried again", p.last.hopeless);
    pursuit_end(&p);
}

int main(void)
{
    ir_start("test-spectrum");
    blas_start(1);
    test_spectrum();
    test_slow_fall();
    test_few();
    test_no_gap();
    return failures > 0;
}
