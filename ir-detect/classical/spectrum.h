/* The largest singular values of a matrix and their left vectors, through the Gram matrix of its
 * short side.
 *
 * A matrix X, rows x columns with rows <= columns, has the singular values and left vectors that
 * are the eigenvalues' roots and the eigenvectors of the rows x rows matrix X X'. Squaring costs
 * half of the digits: singular values below some 1e-8 of the largest are noise. */
#ifndef IR_DETECT_SPECTRUM_H
#define IR_DETECT_SPECTRUM_H

#include "method.h"

typedef struct {
    int rows;
    int count;      /* of the values found */
    double *value;  /* singular values, descending */
    double *vector; /* rows x count, column-major */
    double *gram;   /* the Gram matrix's upper triangle, rows x rows, column-major */
    double *work;
    int *index;
} spectrum;

/* Room in the scratch from slot `slot` on; it takes SPECTRUM_SLOTS of them. */
enum { SPECTRUM_SLOTS = 5 };
void spectrum_room(spectrum *s, int rows, scratch *room, int slot);

/* gram = factor x gram + X X'; X: rows x columns. */
void spectrum_add(spectrum *s, double factor, const double *x, int columns);

/* Finds all singular values above `above` and at least `least` of them, perhaps some more. Destroys
 * the Gram matrix. */
void spectrum_find(spectrum *s, int least, double above);

/* to = U diag(factor) U' X for the first `count` vectors U; x, to: rows x columns; room: count x
 * columns. */
void spectrum_apply(const spectrum *s, int count, const double *factor, const double *x,
                    int columns, double *to, double *room);

#endif
