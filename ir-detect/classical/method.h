/* Classical detectors: from an image to a saliency, high where a small target is. */
#ifndef IR_DETECT_METHOD_H
#define IR_DETECT_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/image.h"

/* What methods can be told. Each has some of these; their meaning is in ir-detect(1). */
enum { RADIUS, LARGEST, PATCH, STEP, LAMBDA, GAMMA, RANK_RATIO, TOLERANCE, ITERATIONS, PARAMETERS };

typedef struct {
    const char *name; /* of its long option */
    bool whole;       /* a whole number */
    double min, max;  /* min > 0 */
} parameter_kind;

extern const parameter_kind parameter_kinds[PARAMETERS];

/* How an iteration ended. */
typedef struct {
    int iterations; /* 0: there was nothing to iterate */
    double residual;
    bool converged;
} solution;

/* Working memory that is used again from image to image; zero it first. */
enum { SCRATCH_SLOTS = 24 };
typedef struct {
    void *memory[SCRATCH_SLOTS];
    size_t bytes[SCRATCH_SLOTS];
} scratch;

/* count elements of size bytes in a slot, undefined, aligned for vectors. */
void *scratch_buffer(scratch *s, int slot, size_t count, size_t size);
void scratch_free(scratch *s);

/* Writes height x width values; parameter: PARAMETERS values. */
typedef solution saliency_function(const ir_image *im, const double *parameter, scratch *s,
                                   float *saliency);

typedef struct {
    const char *name; /* as given to -m */
    saliency_function *saliency;
    int matrices;                 /* of all the patches, that it has at a time */
    double k;                     /* its default threshold is mean + k deviations of the saliency */
    double parameter[PARAMETERS]; /* the defaults; 0: it has no such parameter */
} method;

enum { METHODS = 5 };
extern const method methods[METHODS];

/* Dies when the method would need more memory for the image than this machine has. */
void check_memory(const ir_image *im, const method *m, const double *parameter);

saliency_function top_hat_saliency, mspcm_saliency, ipi_saliency, nram_saliency, pstnn_saliency;

#endif
