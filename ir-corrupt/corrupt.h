/* The corruptions of an infrared frame and what they are made from.
 *
 * Names, groups and parameters of the first ten are ImageNet-C's (Hendrycks and Dietterich,
 * "Benchmarking neural network robustness to common corruptions and perturbations", ICLR 2019). On
 * 8-bit frames the results are those of the Python package imagecorruptions: the deterministic ones
 * to one grey level, the random ones in distribution.
 *
 * The group "camera" is what infrared cameras, the air before them and the cables behind them do.
 * Each function states its equation and where that comes from; the parameters are ours. */
#ifndef CORRUPT_H
#define CORRUPT_H

#include <stdint.h>
#include <stdio.h>

#include "base/philox.h"
#include "base/wide.h"
#include "stream/image.h"

/* Memory that one frame after the other is worked in. */
typedef struct {
    float *memory;
    size_t capacity; /* floats */
} corrupt_scratch;

/* Tables that all threads share, each made when it is first needed. */
typedef struct corrupt_tables corrupt_tables;
corrupt_tables *corrupt_tables_new(void);
void corrupt_tables_free(corrupt_tables *tables);

/* What a corruption gets besides the frame. */
typedef struct {
    int severity;            /* 1..5 */
    const double *parameter; /* of that severity: one number or two */
    ir_rng rng;              /* the frame's own stream of random numbers */
    corrupt_scratch *scratch;
    corrupt_tables *tables;
} corrupt_job;

typedef void corrupt_function(ir_image *im, corrupt_job *job); /* in place */

/* Each row's function: noise.c; blur.c; isp.c, what an image signal processor and a codec do;
 * sensor.c, what a focal-plane array and its readout do; scene.c, what the air, the optics and
 * automatic gain do. */
#define IR_CORRUPTION(NAME, function, ...) corrupt_function corrupt_##function;
#include "stream/corruptions.def"

/* Corrupts im in place. corruption: index into ir_corruptions; severity: 1..5; seed, the frame's
 * name and occurrence (how often that name came before) choose the random numbers, together with
 * corruption and severity: another corruption of the same frame shares nothing with this one. */
void corrupt_apply(ir_image *im, int corruption, int severity, uint64_t seed, uint64_t occurrence,
                   corrupt_scratch *scratch, corrupt_tables *tables);

/* The table: a comment line, then name, group and the parameters of severities 1 to 5. */
void corrupt_list(FILE *file);

/* Room for count floats, undefined. */
float *corrupt_buffer(corrupt_scratch *scratch, size_t count);
void corrupt_scratch_free(corrupt_scratch *scratch);

/* A value in units of samples, clipped to 0..maxval and rounded. */
static inline uint16_t corrupt_sample(float value, float maxval)
{
    value = value > 0 ? value : 0;
    value = value < maxval ? value : maxval;
    return (uint16_t)(int32_t)(value + 0.5f);
}

#endif
