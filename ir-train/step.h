/* One step of the detector: L(clean) + lambda L(corrupted), backward, Adam. */
#ifndef IR_TRAIN_STEP_H
#define IR_TRAIN_STEP_H

#include <stdbool.h>
#include <stdio.h>

#include "batch.h"
#include "history.h"
#include "nets/detector.h"

typedef struct {
    ir_detector *detector;
    bool whole_batch; /* --reduction batch: one loss over all pixels of each half */
    double lambda;    /* weight of the corrupted half */
    FILE *rewards;    /* each corrupted frame's loss, or NULL */
    const char *rewards_name;
} trainer;

/* Mean losses of the halves of a batch: the objective, before the step. */
typedef struct {
    double clean, corrupted;
} step_loss;

/* The clean and the corrupted half go through one forward pass; the rewards are written and flushed
 * behind it, so that who waits for them works on while this step goes backward. Counts h's steps
 * up. Dies when a loss is not finite, before anything is written. */
step_loss train_step(trainer *t, const batch *b, history *h);

#endif
