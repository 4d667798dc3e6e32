/* Tensor robust principal component analysis with the partial sum of the tensor nuclear norm. */
#ifndef IR_DETECT_PSTNN_H
#define IR_DETECT_PSTNN_H

#include "method.h"

/* depth slices of columns x rows elements, one after the other, rows fastest */
typedef struct {
    int rows, columns, depth;
} tensor_shape;

/* The proximal step of the partial sum of the tensor nuclear norm: of each slice of the tensor's
 * Fourier transform along the depth, the singular values after the `keep` largest get smaller by
 * tau, or zero. It works in place on the elements at tensor_step_values. */
typedef struct tensor_step tensor_step;
tensor_step *tensor_step_new(tensor_shape shape);
double *tensor_step_values(tensor_step *t);
void tensor_step_run(tensor_step *t, int keep, double tau);
void tensor_step_free(tensor_step *t);

typedef struct {
    double lambda;  /* the weight of the sparse part */
    int keep;       /* singular values of a slice that are not shrunk */
    double penalty; /* to begin with */
    double growth;  /* of the penalty, an iteration */
    double tolerance;
    int iterations; /* at most */
    bool early;     /* ends when the sparse part has as many nonzeros as before, and some */
} tensor_rpca_options;

/* x = L + S, S sparse and not negative. prior: an element's weight is divided by it; 0 keeps the
 * element out of S. sparse: gets S; dual: workspace of the same size; low: gets L, or NULL. */
solution tensor_rpca(const double *x, tensor_shape shape, const double *prior,
                     const tensor_rpca_options *o, double *sparse, double *dual, double *low);

/* The local prior, 0 to 1: large at corners and spots, 0 where there is no structure or an edge.
 * image, prior: height x width; workspace: 4 times that. */
void corner_prior(const double *image, int width, int height, double *workspace, double *prior);

#endif
