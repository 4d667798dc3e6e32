/* Singular values through the Gram matrix: see spectrum.h. */
#include "spectrum.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "blas.h"

enum { GRAM, VALUE, VECTOR, WORK, INDEX };

/* In rows: the tridiagonal matrix's diagonal, its other diagonal, a copy of both, the reflectors'
 * factors, and what LAPACK wants for its blocks. */
enum { DIAGONAL, OFF_DIAGONAL, COPIES, FACTORS = 4, BLOCKS, WORK_ROWS = BLOCKS + 64 };

void spectrum_room(spectrum *s, int rows, scratch *room, int slot)
{
    size_t n = (size_t)rows;

    *s = (spectrum){.rows = rows,
                    .value = scratch_room(room, slot + VALUE, n, sizeof(double)),
                    .vector = scratch_room(room, slot + VECTOR, n * n, sizeof(double)),
                    .gram = scratch_room(room, slot + GRAM, n * n, sizeof(double)),
                    .work = scratch_room(room, slot + WORK, WORK_ROWS * n, sizeof(double)),
                    .index = scratch_room(room, slot + INDEX, 12 * n, sizeof(int))};
}

void spectrum_add(spectrum *s, double factor, const double *x, int columns)
{
    const double one = 1;

    dsyrk_("U", "N", &s->rows, &columns, &one, x, &s->rows, &factor, s->gram, &s->rows, 1, 1);
}

/* How many eigenvalues of a tridiagonal matrix lie above x: Sturm's sequence (the pivots of
 * T - x, Golub and Van Loan, section 8.4.1), kept from dividing by zero. */
static int eigenvalues_above(int n, const double *diagonal, const double *off, double x)
{
    const double tiny = 1e-290;
    double pivot = diagonal[0] - x;
    int above = pivot > 0;

    for (int i = 1; i < n; i++) {
        if (fabs(pivot) < tiny)
            pivot = tiny;
        pivot = diagonal[i] - x - off[i - 1] * off[i - 1] / pivot;
        above += pivot > 0;
    }
    return above;
}

/* The `count` largest eigenpairs of the tridiagonal matrix, ascending. */
static void tridiagonal_pairs(spectrum *s, int count)
{
    size_t n = (size_t)s->rows;
    double *copy = s->work + COPIES * n, *blocks = s->work + BLOCKS * n, none = 0;
    int first = s->rows - count + 1, found, relative = 1, info;
    int work = 18 * s->rows, index = 10 * s->rows;

    memcpy(copy, s->work, 2 * n * sizeof *copy);
    dstemr_("V", "I", &s->rows, copy + DIAGONAL * n, copy + OFF_DIAGONAL * n, &none, &none, &first,
            &s->rows, &found, s->value, s->vector, &s->rows, &count, s->index + index, &relative,
            blocks, &work, s->index, &index, &info, 1, 1);
    if (info != 0)
        ir_die("an eigenvalue problem of %d rows has no solution", s->rows);
    s->count = found;
}

static void swap_columns(double *a, double *b, int rows)
{
    for (int i = 0; i < rows; i++) {
        double other = a[i];

        a[i] = b[i];
        b[i] = other;
    }
}

/* From eigenvalues, ascending, to singular values, descending. */
static void make_descending(spectrum *s)
{
    for (int i = 0; i < s->count; i++)
        s->value[i] = s->value[i] > 0 ? sqrt(s->value[i]) : 0;
    for (int i = 0, j = s->count - 1; i < j; i++, j--) {
        size_t n = (size_t)s->rows;

        swap_columns(s->value + i, s->value + j, 1);
        swap_columns(s->vector + (size_t)i * n, s->vector + (size_t)j * n, s->rows);
    }
}

void spectrum_find(spectrum *s, int least, double above)
{
    size_t n = (size_t)s->rows;
    double *diagonal = s->work + DIAGONAL * n, *off = s->work + OFF_DIAGONAL * n;
    double *factors = s->work + FACTORS * n, *blocks = s->work + BLOCKS * n;
    int work = 64 * s->rows, count, info;

    dsytrd_("U", &s->rows, s->gram, &s->rows, diagonal, off, factors, blocks, &work, &info, 1);
    count = eigenvalues_above(s->rows, diagonal, off, above * above);
    if (count < least)
        count = least < s->rows ? least : s->rows;
    s->count = 0;
    if (count == 0)
        return;
    tridiagonal_pairs(s, count);
    dormtr_("L", "U", "N", &s->rows, &s->count, s->gram, &s->rows, factors, s->vector, &s->rows,
            blocks, &work, &info, 1, 1, 1);
    make_descending(s);
}

void spectrum_apply(const spectrum *s, int count, const double *factor, const double *x,
                    int columns, double *to, double *room)
{
    const double one = 1, zero = 0;

    dgemm_("T", "N", &count, &columns, &s->rows, &one, s->vector, &s->rows, x, &s->rows, &zero,
           room, &count, 1, 1);
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < count; i++)
            room[(size_t)j * (size_t)count + (size_t)i] *= factor[i];
    dgemm_("N", "N", &s->rows, &columns, &count, &one, s->vector, &s->rows, room, &count, &zero, to,
           &s->rows, 1, 1);
}
