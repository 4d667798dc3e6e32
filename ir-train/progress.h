/* What a run says about itself: one record per epoch and, on a terminal, a progress line. */
#ifndef IR_TRAIN_PROGRESS_H
#define IR_TRAIN_PROGRESS_H

#include <stdbool.h>

#include "history.h"
#include "step.h"

typedef struct report report;

/* log: the file that records are appended to; NULL: standard error. quiet: nothing on standard
 * error. frames: that the whole run will see, or -1. paired: there are corrupted losses. */
report *report_new(const char *log, bool quiet, bool paired, long frames);
/* A step was made, in the epoch behind h's. */
void report_step(report *r, const history *h, const step_loss *loss);
/* Writes the epoch's record: epoch step loss_clean loss_corrupted images_per_second lr seconds. The
 * losses are means over the epoch's frames, the rate counts a frame and its corruption once. */
void report_epoch(report *r, const history *h);
void report_free(report *r);

#endif
