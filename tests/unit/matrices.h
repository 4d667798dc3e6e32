/* Random matrices, norms and a line per failure for the tests of the classical detectors. */
#ifndef IR_TESTS_MATRICES_H
#define IR_TESTS_MATRICES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"

static int failures;

static inline void expect(bool good, const char *what, double value)
{
    if (good)
        return;
    printf("failed: %s (%g)\n", what, value);
    failures++;
}

static inline ir_rng random_numbers(const char *purpose)
{
    return ir_rng_make(1, "test", purpose, 0);
}

static inline double *numbers(size_t count)
{
    return ir_calloc(count, sizeof(double));
}

static inline void fill_normal(double *x, size_t count, ir_rng *rng)
{
    for (size_t i = 0; i < count; i++)
        x[i] = ir_rng_normal(rng);
}

/* x = sum of `rank` products of random vectors; rows x columns. */
static inline void fill_low_rank(double *x, int rows, int columns, int rank, double scale,
                                 ir_rng *rng)
{
    double *a = numbers((size_t)rows), *b = numbers((size_t)columns);
    memset(x, 0, (size_t)rows * (size_t)columns * sizeof *x);
    for (int k = 0; k < rank; k++) {
        fill_normal(a, (size_t)rows, rng);
        fill_normal(b, (size_t)columns, rng);
        for (int j = 0; j < columns; j++)
            for (int i = 0; i < rows; i++)
                x[(size_t)j * (size_t)rows + (size_t)i] += scale * a[i] * b[j];
    }
    free(a);
    free(b);
}

/* A share of the elements is from `low` to `high`, the others are 0. */
static inline void fill_sparse(double *x, size_t count, double share, double low, double high,
                               ir_rng *rng)
{
    for (size_t i = 0; i < count; i++)
        x[i] = ir_rng_uniform(rng) < share ? low + (high - low) * ir_rng_uniform(rng) : 0;
}

static inline double norm(const double *x, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += x[i] * x[i];
    return sqrt(squares);
}

/* |a - b| / |b| */
static inline double relative_error(const double *a, const double *b, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(squares) / norm(b, count);
}

#endif
