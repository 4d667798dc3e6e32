/* The learning rate of a step: a function of what the checkpoint counts, so that a resumed run, or
 * one round of a game after the other, goes on along one curve. */
#ifndef IR_TRAIN_RATE_H
#define IR_TRAIN_RATE_H

#include <stdbool.h>

enum { MAX_LR_STEPS = 32 };

typedef struct {
    double lr;
    long warmup; /* steps in which the rate rises in proportion to where it would be */
    bool cosine; /* else it falls to a tenth behind each of these epochs */
    int lr_steps;
    long lr_step[MAX_LR_STEPS];
    double end;        /* cosine: where it arrives; negative: at 0 */
    long total_epochs; /* cosine: when */
} rate_schedule;

/* epochs: passes over the operands so far, with the share of this one; step: steps so far. */
double rate_of_step(const rate_schedule *s, double epochs, long step);

#endif
