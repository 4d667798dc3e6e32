/* What a run's directory holds for the report. */
#ifndef IR_SCORE_RUN_H
#define IR_SCORE_RUN_H

#include "../tsv.h"

typedef struct {
    char *key, *value;
} fact;

/* A part that is not there is NULL, or none. */
typedef struct {
    char *path; /* as given, without slashes at the end */
    char *name; /* the same, or its last part where that is no other's */
    bool table; /* a robustness table alone, not a directory */

    fact *knob; /* RUN/knobs: those that are not empty */
    int knobs;
    tsv *about;             /* RUN/0000/about.tsv: key value */
    tsv *log, *policy;      /* RUN/log.tsv, RUN/policy.tsv */
    tsv *robustness;        /* RUN/robustness.tsv */
    tsv *clean, *corrupted; /* RUN/scored/clean.tsv, corrupted.tsv: score value low high */
    tsv *roc, *pr;          /* RUN/scored/roc.tsv, pr.tsv, of the clean frames */
    tsv *images;            /* RUN/scored/images.tsv, of the corrupted frames */
} run;

/* Reads runs' directories and robustness tables. Dies when a path is neither. */
run *runs_read(char *const *path, int n);
void runs_free(run *r, int n);

const char *run_knob(const run *r, const char *key);  /* "" when it is not set */
const char *run_about(const run *r, const char *key); /* "" when it is not there */

#endif
