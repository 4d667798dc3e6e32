/* The random view of a frame that one training step sees: where it is cut and how it is turned. */
#ifndef IR_TRAIN_CROP_H
#define IR_TRAIN_CROP_H

#include <stdbool.h>

#include "base/philox.h"
#include "stream/normalisation.h"

typedef struct {
    int top, left; /* of a square within the frame padded right and below to at least that square */
    bool upside_down, mirrored, transposed; /* applied in this order */
} crop;

/* Draws one of side x side. With probability 1/2, and when the mask has a target, the square holds
 * a pixel of one: the pixel uniform among the mask's, the place uniform among those that hold it.
 * Otherwise it lies anywhere within the (padded) frame. The two flips and the transposition have
 * probability 1/2 each. (BasicIRSTD draws alike, but lets the square end just before the pixel.) */
crop crop_draw(ir_rng *rng, const ir_image *mask, int side);

/* The view's pixels, side x side, row by row. Image: normalised by n, and 0, which is its mean,
 * where the square leaves the frame. Mask: 1 on targets, else 0. */
void crop_image(const crop *c, const ir_image *image, int side, const ir_normalisation *n,
                float *out);
void crop_mask(const crop *c, const ir_image *mask, int side, float *out);

#endif
