/* Frames at a network's own size. */
#ifndef IR_RESAMPLE_H
#define IR_RESAMPLE_H

#include "stream/image.h"

/* The frame at width x height, in units of maxval, into out (height x width).
 *
 * Bilinear (a triangle filter over pixel centres, edges cut off and weights made to add up to 1);
 * where the frame shrinks the triangle widens by the same factor, so every pixel counts and nothing
 * aliases: what PyTorch calls interpolate(mode="bilinear", antialias=True), and Pillow BILINEAR. */
void ir_image_resample(const ir_image *im, int width, int height, float *out);

#endif
