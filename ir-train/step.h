/* One step of the detector: L(clean) + lambda L(corrupted), backward, Adam. */
#ifndef IR_TRAIN_STEP_H
#define IR_TRAIN_STEP_H

#include <stdbool.h>
#include <stdio.h>

#include "batch.h"
#include "history.h"
#include "nets/detector.h"
#include "share.h"

/* A step whose losses are still to come. */
typedef struct {
    bool is_there;
    int images, side, group; /* of its graph */
    int losses, clean;       /* how many; the clean half's come first */
    int frames;
    char **name; /* of the frames; NULL where a loss is a whole batch's */
    long step;
} pending_step;

typedef struct {
    ir_detector *detector;
    bool whole_batch; /* --reduction batch: one loss over all pixels of each half */
    bool ahead;       /* the device works while the program goes on */
    double lambda;    /* weight of the corrupted half */
    share *share;     /* how batches are divided among processes; NULL: they are not */
    bool rewarded;    /* each corrupted frame's loss is wanted */
    FILE *rewards;    /* where it goes; NULL on all processes but the first */
    bool rise;        /* of the rewards: what it lost by its corruption instead */
    const char *rewards_name;
    pending_step pending;
} trainer;

/* Mean losses of the halves of a batch: the objective, before the step. */
typedef struct {
    double clean, corrupted;
    int frames;
    long step;
} step_loss;

/* One step on b: a batch, or with a share this process's part of one. Then all processes take the
 * same step together; the first gets the losses, the others zeros. Counts h's steps up.
 *
 * True with the losses of a step: of this one, or, ahead, of the one before, so that the device has
 * a whole step to do while the program waits for a loss. False where there was none. Dies when a
 * loss is not finite, before a checkpoint is written. */
bool train_step(trainer *t, const batch *b, history *h, step_loss *loss);
/* The losses of the last step, where they are still to come. */
bool train_take_loss(trainer *t, step_loss *loss);

#endif
