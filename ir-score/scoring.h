/* What ir-score does with the images it reads: scores kept while they go by, printed at the end. */
#ifndef IR_SCORE_SCORING_H
#define IR_SCORE_SCORING_H

#include <stdio.h>

#include "score_options.h"
#include "stream/stream.h"

typedef struct scoring scoring;

/* input: whose files no picture may overwrite; without --overlay NULL will do. The options are not
 * copied. */
scoring *scoring_new(const options *o, ir_matched *input);
void scoring_free(scoring *s);

/* Scores im[PREDICTED] against im[TRUTH], which --resize scales in place, and does with the third
 * image what the options say. Rows per image go to standard output. Dies when sizes differ. */
void scoring_add(scoring *s, ir_image *im);

/* Prints what is said of the whole set; clean_iou: NULL without --rce. */
void scoring_print(const scoring *s, FILE *file, const double *clean_iou);
/* Warns of true masks that are not binary, and of predictions that all are empty and hardly meant
 * so. */
void scoring_warn(scoring *s);

#endif
