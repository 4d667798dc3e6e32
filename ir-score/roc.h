/* The receiver operating characteristic: rates over a set of thresholds of probability maps. */
#ifndef IR_SCORE_ROC_H
#define IR_SCORE_ROC_H

#include "counts.h"
#include "table.h"

/* Counts at the thresholds 0, 1/steps, 2/steps, ..., 1. */
typedef struct {
    int steps;
    match_kind kind;
    counts *at; /* steps + 1 of them */
} roc;

roc roc_new(int steps, match_kind kind);
void roc_free(roc *r);
/* Adds a map; the matcher holds its true mask. */
void roc_add(roc *r, matcher *m, const ir_image *map);

/* A row per threshold: threshold, true-positive and false-positive rate of the pixels, Pd, Fa per
 * million. Then the area under the pixels' curve by the trapezoidal rule, from (0,0) over the rows'
 * points to (1,1): as the comment "# area", a tab, the area. In JSON one object with area and
 * points. */
void roc_print(FILE *file, const roc *r, table_format format);

#endif
