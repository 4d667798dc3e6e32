/* What the command line asks for. */
#ifndef IR_SCORE_OPTIONS_H
#define IR_SCORE_OPTIONS_H

#include <stdbool.h>

#include "counts.h"
#include "table.h"

enum { PREDICTED, TRUTH, FRAME, STREAMS };

typedef struct {
    double threshold;
    match_kind match;
    table_format format;
    bool per_image, roc, pr, all, resize;
    int thresholds; /* of the curves */
    bool thresholds_given;
    const char *rce, *overlay;
    int maxval;             /* of the frames; 0: not given */
    char *operand[STREAMS]; /* the frames' is NULL without an overlay */
} options;

/* Ends with ir_usage_die() when the command line is wrong. */
options parse_options(int argc, char **argv);

#endif
