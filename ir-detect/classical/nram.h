/* Non-convex robust principal component analysis with structured noise, as NRAM uses it. */
#ifndef IR_DETECT_NRAM_H
#define IR_DETECT_NRAM_H

#include "method.h"

typedef struct {
    double lambda;  /* the weight of the sparse part */
    double beta;    /* the weight of the structured part */
    double gamma;   /* of the gamma norm */
    double penalty; /* to begin with */
    double growth;  /* of the penalty, an iteration */
    double tolerance;
    int iterations;      /* at most */
    bool lines_are_rows; /* what is one patch: a row of the matrix or a column */
} nram_options;

/* data = B + T + E: B of low rank, T sparse and not negative, E zero but for a few patches; rows x
 * columns, column-major, rows <= columns. Returns T, which lies in the scratch and lasts until that
 * is used again. What it takes of the scratch begins at slot NRAM_SLOT. */
enum { NRAM_SLOT = 4 };
const double *nram_split(const double *data, int rows, int columns, const nram_options *o,
                         scratch *s, solution *how);

#endif
