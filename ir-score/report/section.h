/* The sections of the report, one a file: each writes its heading, its figures and, where a run
 * lacks what they need, a line that says which command makes it. */
#ifndef IR_SCORE_SECTION_H
#define IR_SCORE_SECTION_H

#include <stdio.h>

#include "run.h"

void section_about(FILE *file, const run *r, int n);
void section_scores(FILE *file, const run *r, int n);
void section_robustness(FILE *file, const run *r, int n);
void section_training(FILE *file, const run *r, int n);
void section_policy(FILE *file, const run *r, int n);
void section_curves(FILE *file, const run *r, int n);
void section_gallery(FILE *file, const run *r, int n);

/* "No WHAT of RUN: make -f hrl.mk TARGET RUN=..." */
void section_missing(FILE *file, const run *r, const char *what, const char *target);

#endif
