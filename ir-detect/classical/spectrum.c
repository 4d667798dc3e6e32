/* Singular values, by block Lanczos from the last ones or through the whole Gram matrix: see
 * spectrum.h. */
#include "spectrum.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "blas.h"

enum { GRAM, VALUE, VECTOR, BASIS, IMAGE, PRODUCTS, PAIRS, WORK, INDEX };

/* Rows of the work: the tridiagonal matrix's diagonal and other diagonal, the reflectors' factors,
 * and what LAPACK wants for its blocks. */
enum { DIAGONAL, OFF_DIAGONAL, FACTORS, BLOCKS, WORK_ROWS = BLOCKS + 64 };

/* Below so many rows a decomposition is quick anyway. */
enum { FEWEST_ROWS = 100, FEWEST_GUARDS = 8, FEWEST_BLOCKS = 4 };

/* Columns of X to multiply at a time, so that they stay in the cache. */
enum { PANEL = 128 };

static const double exactness = 1e-9;

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

void spectrum_init(spectrum *s, int rows, scratch *workspace, int slot)
{
    size_t n = (size_t)rows, most = n / 3 + 1, small = 1 + 6 * most + 2 * most * most;
    size_t work = BLOCKS * n + 1 + 4 * n + n * n;
    work = work > WORK_ROWS * n ? work : WORK_ROWS * n;
    work = work > small ? work : small; /* what dsyevd wants */
    *s = (spectrum){.rows = rows,
                    .most = (int)most,
                    .hopeless = (int)most / FEWEST_BLOCKS + 1,
                    .value = scratch_buffer(workspace, slot + VALUE, 2 * n, sizeof(double)),
                    .vector = scratch_buffer(workspace, slot + VECTOR, n * n, sizeof(double)),
                    .gram = scratch_buffer(workspace, slot + GRAM, n * n, sizeof(double)),
                    .basis = scratch_buffer(workspace, slot + BASIS, n * most, sizeof(double)),
                    .image = scratch_buffer(workspace, slot + IMAGE, n * most, sizeof(double)),
                    .products =
                        scratch_buffer(workspace, slot + PRODUCTS, most * most, sizeof(double)),
                    .pairs = scratch_buffer(workspace, slot + PAIRS, most * most, sizeof(double)),
                    .work = scratch_buffer(workspace, slot + WORK, work, sizeof(double)),
                    .index = scratch_buffer(workspace, slot + INDEX, 5 * n + 3, sizeof(int))};
    s->ritz = s->value + n;
}

/* How many vectors to have for the next start, when `count` were asked for now. */
static int with_guards(int count)
{
    return count + FEWEST_GUARDS + count / 4;
}

static void multiply(const char *transposed, int m, int n, int k, const double *a, int lda,
                     const double *b, int ldb, double factor, double *c, int ldc)
{
    const double one = factor < 0 ? -1 : 1, keep = factor < 0 ? 1 : 0;
    blas()->dgemm(transposed, "N", &m, &n, &k, &one, a, &lda, b, &ldb, &keep, c, &ldc, 1, 1);
}

static _Noreturn void no_solution(const spectrum *s)
{
    ir_die("an eigenvalue problem of %d rows has no solution", s->rows);
}

/* K = X X', when it has not been made. */
static void make_gram(spectrum *s)
{
    const double one = 1, zero = 0;
    if (!s->squared)
        blas()->dsyrk("U", "N", &s->rows, &s->columns, &one, s->x, &s->rows, &zero, s->gram,
                      &s->rows, 1, 1);
    s->squared = true;
}

/* ---- the whole matrix made tridiagonal ----------------------------------------------------- */

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

static void swap_columns(double *a, double *b, int rows)
{
    for (int i = 0; i < rows; i++) {
        double other = a[i];

        a[i] = b[i];
        b[i] = other;
    }
}

static void reverse_pairs(spectrum *s)
{
    size_t n = (size_t)s->rows;
    for (int i = 0, j = s->held - 1; i < j; i++, j--) {
        swap_columns(s->value + i, s->value + j, 1);
        swap_columns(s->vector + (size_t)i * n, s->vector + (size_t)j * n, s->rows);
    }
}

/* The eigenpairs of the tridiagonal matrix by divide and conquer, ascending; the largest of them,
 * as many as are held, are moved to the front. */
static void tridiagonal_pairs(spectrum *s)
{
    size_t n = (size_t)s->rows, first = n - (size_t)s->held;
    double *diagonal = s->work + DIAGONAL * n, *off = s->work + OFF_DIAGONAL * n;
    int work = 1 + s->rows * (4 + s->rows), index = 3 + 5 * s->rows, info;
    blas()->dstedc("I", &s->rows, diagonal, off, s->vector, &s->rows, s->work + BLOCKS * n, &work,
                   s->index, &index, &info, 1);
    if (info != 0)
        no_solution(s);
    memmove(s->vector, s->vector + first * n, (n - first) * n * sizeof *s->vector);
    memcpy(s->value, diagonal + first, (n - first) * sizeof *s->value);
}

static void find_directly(spectrum *s, int least, double above)
{
    size_t n = (size_t)s->rows;
    double *diagonal = s->work + DIAGONAL * n, *off = s->work + OFF_DIAGONAL * n;
    double *factors = s->work + FACTORS * n, *blocks = s->work + BLOCKS * n;
    int work = 64 * s->rows, info;
    make_gram(s);
    blas()->dsytrd("U", &s->rows, s->gram, &s->rows, diagonal, off, factors, blocks, &work, &info,
                   1);
    s->count = eigenvalues_above(s->rows, diagonal, off, above);
    if (s->count < least)
        s->count = least;
    s->held = smaller(with_guards(s->count), s->rows);
    tridiagonal_pairs(s);
    blas()->dormtr("L", "U", "N", &s->rows, &s->held, s->gram, &s->rows, factors, s->vector,
                   &s->rows, blocks, &work, &info, 1, 1, 1);
    reverse_pairs(s);
}

/* ---- block Lanczos ------------------------------------------------------------------------- */

/* to = X (X' V) for `count` vectors. */
static void apply_twice(spectrum *s, const double *vectors, int count, double *to)
{
    size_t n = (size_t)s->rows;
    memset(to, 0, (size_t)count * n * sizeof *to);
    for (int first = 0; first < s->columns; first += PANEL) {
        const double one = 1, *panel = s->x + (size_t)first * n;
        int columns = smaller(PANEL, s->columns - first);

        multiply("T", columns, count, s->rows, panel, s->rows, vectors, s->rows, 1, s->work,
                 columns);
        blas()->dgemm("N", "N", &s->rows, &count, &columns, &one, panel, &s->rows, s->work,
                      &columns, &one, to, &s->rows, 1, 1);
    }
}

/* Whether K is made for a space of `span` vectors: it costs as much as rows / 4 products with X and
 * its transpose do in arithmetic, and those are narrow, which is slower. */
static bool is_gram_worth_it(const spectrum *s, int span)
{
    return span > s->rows / 8;
}

/* K V and V' K V for `count` new vectors after `span` old ones. */
static void take_in(spectrum *s, int span, int count)
{
    size_t n = (size_t)s->rows, at = (size_t)span * n;
    const double one = 1, zero = 0;
    if (is_gram_worth_it(s, span + count))
        make_gram(s);
    if (s->squared)
        blas()->dsymm("L", "U", &s->rows, &count, &one, s->gram, &s->rows, s->basis + at, &s->rows,
                      &zero, s->image + at, &s->rows, 1, 1);
    else
        apply_twice(s, s->basis + at, count, s->image + at);
    multiply("T", span + count, count, s->rows, s->basis, s->rows, s->image + at, s->rows, 1,
             s->products + (size_t)span * (size_t)s->most, s->most);
}

/* Vectors less their parts in the basis of `span` vectors. */
static void remove_basis(const spectrum *s, int span, double *vectors, int count)
{
    multiply("T", span, count, s->rows, s->basis, s->rows, vectors, s->rows, 1, s->pairs, s->most);
    multiply("N", s->rows, count, span, s->basis, s->rows, s->pairs, s->most, -1, vectors, s->rows);
}

static double norm(const double *x, int count)
{
    double squares = 0;
    for (int i = 0; i < count; i++)
        squares += x[i] * x[i];
    return sqrt(squares);
}

static void normalise_columns(double *vectors, int rows, int count)
{
    for (int j = 0; j < count; j++) {
        double *x = vectors + (size_t)j * (size_t)rows, length = norm(x, rows);

        for (int i = 0; i < rows; i++)
            x[i] *= length > 0 ? 1 / length : 1;
    }
}

/* The next block: K times the last one, orthogonalised against all before, twice, because little
 * but rounding is left of vectors that have converged. */
static void expand(spectrum *s, int span, int block)
{
    size_t n = (size_t)s->rows;
    double *next = s->basis + (size_t)span * n, *factors = s->work + FACTORS * n;
    double *blocks = s->work + BLOCKS * n;
    int work = 64 * s->rows, info;
    memcpy(next, s->image + (size_t)(span - block) * n, (size_t)block * n * sizeof *next);
    remove_basis(s, span, next, block);
    normalise_columns(next, s->rows, block);
    remove_basis(s, span, next, block);
    blas()->dgeqrf(&s->rows, &block, next, &s->rows, factors, blocks, &work, &info);
    blas()->dorgqr(&s->rows, &block, &block, next, &s->rows, factors, blocks, &work, &info);
    take_in(s, span, block);
}

/* The eigenpairs of V' K V, ascending. */
static void solve_projection(spectrum *s, int span)
{
    int work = 1 + 6 * span + 2 * span * span, index = 3 + 5 * span, info;
    for (int j = 0; j < span; j++)
        memcpy(s->pairs + (size_t)j * (size_t)s->most, s->products + (size_t)j * (size_t)s->most,
               (size_t)(j + 1) * sizeof *s->pairs);
    blas()->dsyevd("V", "U", &span, s->pairs, &s->most, s->ritz, s->work, &work, s->index, &index,
                   &info, 1, 1);
    if (info != 0)
        no_solution(s);
}

/* Puts the largest pairs into value and vector, descending. */
static void take_pairs(spectrum *s, int span, int least, double above)
{
    int asked = 0, first;
    while (asked < span && s->ritz[span - 1 - asked] > above)
        asked++;
    s->count = asked > least ? asked : least;
    s->held = smaller(with_guards(s->count), span);
    first = span - s->held;
    memcpy(s->value, s->ritz + first, (size_t)s->held * sizeof *s->value);
    multiply("N", s->rows, s->held, span, s->basis, s->rows,
             s->pairs + (size_t)first * (size_t)s->most, s->most, 1, s->vector, s->rows);
    reverse_pairs(s);
}

/* The norm of K u - value u for the i-th pair. */
static double residual(spectrum *s, int span, int i)
{
    size_t n = (size_t)s->rows;
    const double *u = s->vector + (size_t)i * n;
    double *image = s->work;
    multiply("N", s->rows, 1, span, s->image, s->rows,
             s->pairs + (size_t)(span - 1 - i) * (size_t)s->most, s->most, 1, image, s->rows);
    for (size_t j = 0; j < n; j++)
        image[j] -= s->value[i] * u[j];
    return norm(image, s->rows);
}

/* The error of the matrix if the first value that was not counted is above the threshold after all.
 * It exceeds the threshold by at most its residual. */
static double missed(spectrum *s, int span, double above, spectrum_use use)
{
    double most;
    if (s->count >= s->held)
        return 0;
    most = s->value[s->count] + residual(s, span, s->count);
    if (most <= above)
        return 0;
    return use == SPECTRUM_SHRUNK ? sqrt(most) - sqrt(above) : sqrt(most);
}

/* Whether the matrix made of the found vectors is exact: a vector's error is its residual over the
 * gap to the values outside of the space. */
static bool is_exact(spectrum *s, int span, double above, spectrum_use use)
{
    double error = missed(s, span, above, use), bound = exactness * sqrt(s->value[0]);
    for (int i = s->count - 1; i >= 0 && error <= bound; i--) {
        double value = sqrt(fmax(s->value[i], 0)), gap = s->value[i] - s->value[s->held - 1];
        double weight = use == SPECTRUM_SHRUNK ? value - sqrt(above) : value;

        if (weight > 0)
            error += gap > 0 ? weight * residual(s, span, i) / gap : INFINITY;
    }
    return error <= bound;
}

static bool find_by_lanczos(spectrum *s, int least, double above, spectrum_use use)
{
    int block = s->held, span = block;
    bool found = false;
    if (is_gram_worth_it(s, s->spanned))
        make_gram(s);
    memcpy(s->basis, s->vector, (size_t)block * (size_t)s->rows * sizeof *s->basis);
    take_in(s, 0, block);
    while (span + block <= s->most && !found) {
        expand(s, span, block);
        span += block;
        solve_projection(s, span);
        take_pairs(s, span, least, above);
        found = s->count <= block && is_exact(s, span, above, use);
    }
    s->spanned = span;
    if (!found)
        s->hopeless = block;
    return found;
}

/* Whether the vectors found last are a start that may get there. */
static bool has_start(const spectrum *s)
{
    return s->rows >= FEWEST_ROWS && s->held > 0 && s->held < s->hopeless;
}

void spectrum_find(spectrum *s, const double *x, int columns, int least, double above,
                   spectrum_use use)
{
    bool found = false;
    s->x = x;
    s->columns = columns;
    s->squared = false;
    above *= above; /* K has the squares of the singular values */
    least = smaller(least, s->rows);
    if (has_start(s))
        found = find_by_lanczos(s, least, above, use);
    if (!found)
        find_directly(s, least, above);
    for (int i = 0; i < s->held; i++)
        s->value[i] = sqrt(fmax(s->value[i], 0));
}

void spectrum_apply(const spectrum *s, int count, const double *factor, const double *x,
                    int columns, double *to, double *workspace)
{
    multiply("T", count, columns, s->rows, s->vector, s->rows, x, s->rows, 1, workspace, count);
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < count; i++)
            workspace[(size_t)j * (size_t)count + (size_t)i] *= factor[i];
    multiply("N", s->rows, columns, count, s->vector, s->rows, workspace, count, 1, to, s->rows);
}
