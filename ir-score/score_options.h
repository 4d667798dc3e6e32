/* What the command line asks for. */
#ifndef IR_SCORE_OPTIONS_H
#define IR_SCORE_OPTIONS_H

#include <stdbool.h>

#include "bootstrap.h"
#include "counts.h"
#include "table.h"

/* The third stream is the frames of --overlay or the other prediction of --versus. */
enum { PREDICTED, TRUTH, FRAME, OTHER = FRAME, STREAMS };

typedef struct {
    double threshold;
    double true_above; /* of the true masks; negative: not given */
    match_kind match;
    table_format format;
    bool per_image, roc, pr, all, resize, versus;
    bootstrap_options bootstrap; /* no resamples: not asked for */
    int thresholds;              /* of the curves */
    bool thresholds_given, seed_given, frames, png;
    const char *rce, *overlay, *root;
    int maxval;             /* of the frames; 0: not given */
    char *operand[STREAMS]; /* the third is NULL when there is none */
} options;

/* Ends with ir_usage_die() when the command line is wrong. */
options parse_options(int argc, char **argv);

#endif
