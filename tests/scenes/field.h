/* Random fields with a power-law spectrum: what clouds and ground look like from afar. */
#ifndef IR_FIELD_H
#define IR_FIELD_H

#include <fftw3.h>

#include "base/philox.h"

typedef struct {
    int width, height;
    fftwf_complex *spectrum; /* height x (width/2 + 1) */
    float *plane;            /* height x width */
    fftwf_plan plan;
} field_maker;

field_maker *field_maker_new(int width, int height);
void field_maker_free(field_maker *maker);

/* A plane of mean 0 and variance 1 whose power falls with frequency as f^-slope. stretch > 1: drawn
 * out along x by that factor, as the ground seen at a low angle. Valid until the next call. */
const float *field_make(field_maker *maker, ir_rng *rng, double slope, double stretch);

/* The same in one dimension: n values of a profile, such as the ridge of a horizon. */
void field_profile(ir_rng *rng, int n, double slope, float *profile);

#endif
