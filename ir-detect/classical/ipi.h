/* Robust principal component analysis by accelerated proximal gradient, as IPI uses it. */
#ifndef IR_DETECT_IPI_H
#define IR_DETECT_IPI_H

#include "method.h"

typedef struct {
    double lambda;    /* the weight of the sparse part */
    double last_mu;   /* mu falls to this share of the fourth singular value */
    double tolerance; /* of the residual */
    int iterations;   /* at most */
    bool early;       /* the two early ends of the published code */
} rpca_options;

/* data = A + E, A of low rank and E sparse, rows x columns, column-major, rows <= columns. Returns
 * E, which lies in the scratch and lasts until that is used again; if `low` is not NULL, A goes
 * there. What it takes of the scratch begins at slot RPCA_SLOT. */
enum { RPCA_SLOT = 4 };
const double *rpca(const double *data, int rows, int columns, const rpca_options *o, scratch *s,
                   double *low, solution *how);

#endif
