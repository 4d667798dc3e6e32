/* What a run's directory holds for the report. */
#ifndef IR_SCORE_RUN_H
#define IR_SCORE_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "../tsv.h"
#include "names.h"

/* RUN/knobs: lines of a name, a blank and a value. Those without a value are left out; of equal
 * names the first counts. */
typedef struct {
    names key;
    char **value; /* by key */
    size_t capacity;
    text_lines lines; /* what the values point into */
} knobs;

/* The knobs in file, read to its end. As tsv_parse(): it opens nothing, keeps nothing, and ends the
 * program by ir_die() alone. */
knobs knobs_parse(FILE *file, const char *path);
void knobs_free(knobs *k);

/* A part that is not there, or has no row yet, is NULL, or none. */
typedef struct {
    char *path; /* as given, without slashes at the end */
    char *name; /* the same, or its last part where that is no other's */
    bool table; /* a robustness table alone, not a directory */

    knobs knobs;
    tsv *about;             /* RUN/0000/about.tsv: key value */
    tsv *log, *policy;      /* RUN/log.tsv, RUN/policy.tsv */
    tsv *robustness;        /* RUN/robustness.tsv */
    tsv *clean, *corrupted; /* RUN/scored/clean.tsv, corrupted.tsv: score value low high */
    tsv *roc, *pr;          /* RUN/scored/roc.tsv, pr.tsv, of the clean frames */
    tsv *images;            /* RUN/scored/images.tsv, of the corrupted frames */

    row_index about_rows;      /* by key */
    row_index robustness_rows; /* by dataset ("" without that column), corruption, severity */
    row_index clean_rows, corrupted_rows; /* by score */
    row_index image_rows;                 /* by name, corruption, severity */
} run;

/* Reads runs' directories and robustness tables. Dies when a path is neither. Within a directory
 * received_open_within() opens what is there, and a last line that was cut short is left out with a
 * warning. */
run *runs_read(char *const *path, int n);
void runs_free(run *r, int n);

const char *run_knob(const run *r, const char *key);  /* "" when it is not set */
const char *run_about(const run *r, const char *key); /* "" when it is not there */

#endif
