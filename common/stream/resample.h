/* Frames scaled to a network's size. */
#ifndef IR_RESAMPLE_H
#define IR_RESAMPLE_H

#include "stream/image.h"

/* The frame at width x height, in units of maxval, into out (height x width).
 *
 * Bilinear: a triangle filter over pixel centres, cut off at the edges, with weights that add up
 * to 1. Where the frame shrinks, the triangle widens by the same factor, so that every pixel counts
 * and nothing aliases. This is PyTorch's interpolate(mode="bilinear", antialias=True) and Pillow's
 * BILINEAR. */
void ir_image_resample(const ir_image *im, int width, int height, float *out);

#endif
