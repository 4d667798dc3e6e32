/* The largest singular values of a matrix and their left vectors, as eigenpairs of its Gram matrix.
 *
 * A matrix X, rows x columns with rows <= columns, has the singular values and left vectors that
 * are the eigenvalues' roots and the eigenvectors of the rows x rows matrix K = X X'. Squaring
 * costs half of the digits: singular values below some 1e-8 of the largest are noise.
 *
 * In a solver the matrix changes little from iteration to iteration, and few values matter. So the
 * vectors found last are where a block Lanczos iteration starts (Golub and Underwood 1977), which
 * takes a few products with K: with X and its transpose while those are fewer than K costs. Where
 * that does not get there, and at first, K is made tridiagonal. */
#ifndef IR_DETECT_SPECTRUM_H
#define IR_DETECT_SPECTRUM_H

#include "method.h"

typedef struct {
    int rows;
    int count;      /* of the values that were asked for */
    double *value;  /* singular values, descending */
    double *vector; /* rows x count, column-major */

    const double *x; /* rows x columns, column-major */
    int columns;
    double *gram; /* K's upper triangle, rows x rows, column-major */
    bool squared; /* whether it has been made */
    int held;     /* vectors to start from: those asked for, and guards */
    int most;     /* the largest space that an iteration may span */
    int spanned;  /* what the last one did */
    int hopeless; /* vectors to start from with which none gets there: fewer may */
    double *basis, *image, *products, *pairs, *ritz; /* V, K V, V' K V, its eigenvectors, values */
    double *work;
    int *index;
} spectrum;

/* Room in the scratch from slot `slot` on; it takes SPECTRUM_SLOTS of them. */
enum { SPECTRUM_SLOTS = 9 };
void spectrum_init(spectrum *s, int rows, scratch *workspace, int slot);

/* What the values found are for, which says how exact a vector must be. */
typedef enum {
    SPECTRUM_SHRUNK, /* multiplied by how far it is above the threshold */
    SPECTRUM_KEPT,   /* multiplied by about the value */
} spectrum_use;

/* Finds all singular values of x, rows x columns, above `above`, at least `least` of them, and
 * their vectors, so that the matrix made of them is exact to some 1e-9 of its norm. */
void spectrum_find(spectrum *s, const double *x, int columns, int least, double above,
                   spectrum_use use);

/* to = U diag(factor) U' X for the first `count` vectors U; x, to: rows x columns; workspace: count
 * x columns. */
void spectrum_apply(const spectrum *s, int count, const double *factor, const double *x,
                    int columns, double *to, double *workspace);

#endif
