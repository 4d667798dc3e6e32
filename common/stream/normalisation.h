/* How an image's samples become a network's input: (sample / maxval - mean) / std.
 *
 * mean and std are either those of a training set, the same for every image, or the image's own.
 * Its own hide a frame's brightness and contrast from the network. */
#ifndef IR_NORMALISATION_H
#define IR_NORMALISATION_H

#include <stdbool.h>

#include "stream/image.h"

typedef struct {
    bool own;         /* each image has its own mean and std */
    double mean, std; /* in units of maxval; unused with own */
} ir_normalisation;

/* An image's mean and standard deviation, in units of its maxval. */
ir_normalisation ir_image_moments(const ir_image *im);

/* The mean and std for an image: n itself, or the image's moments. Its std is at least one level,
 * 1 / maxval, so that a frame of one grey becomes zeros. */
ir_normalisation ir_normalisation_for(const ir_normalisation *n, const ir_image *im);

/* sample * scale - shift is the input. */
static inline double ir_normalisation_scale(const ir_normalisation *n, int maxval)
{
    return 1.0 / (maxval * n->std);
}

static inline double ir_normalisation_shift(const ir_normalisation *n)
{
    return n->mean / n->std;
}

#endif
