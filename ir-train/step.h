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
    const ir_detector_graph *graph; /* NULL: there is none */
    const batch *part;              /* until the next batch */
    int images, losses, clean;      /* losses: the clean half's first */
    int frames;
    char **name; /* of the frames; NULL where a loss is a whole batch's */
    long step;
} pending_step;

typedef struct {
    ir_detector *detector;
    bool whole_batch; /* --reduction batch: one loss over all pixels of each half */
    bool ahead;       /* the device works while the program goes on */
    double lambda;    /* weight of the corrupted half */
    share *share;     /* that b is a part of a batch, whose rest others train on; NULL: it is all */
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

/* b: a batch, or this process's part of one: then all processes of the group take the same step
 * together, the losses are told to the first, and the others are told zeros.
 *
 * The clean and the corrupted half go through one forward pass; the rewards are written and flushed
 * behind it, so that who waits for them works on while this step goes backward. Counts h's steps
 * up.
 *
 * True with the losses of a step: of this one, or, ahead, of the one before, so that the device has
 * a whole step to do while the program waits for a loss; false when there was none. Dies when a
 * loss is not finite, before a checkpoint is written. */
bool train_step(trainer *t, const batch *b, history *h, step_loss *loss);
/* The losses of the last step, when they are still to come. */
bool train_last_loss(trainer *t, step_loss *loss);

#endif
