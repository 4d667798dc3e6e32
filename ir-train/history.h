/* What a checkpoint's meta remembers of the training behind it. */
#ifndef IR_TRAIN_HISTORY_H
#define IR_TRAIN_HISTORY_H

#include <stdint.h>

#include "checkpoint/checkpoint.h"
#include "params/params.h"

typedef struct {
    uint64_t seed;
    long epoch;     /* passes over the operands */
    long step;      /* optimizer steps of the whole training: the key of dropout */
    long images;    /* frames trained on: the key of the next crops */
    long adam_step; /* steps behind Adam's moments: 0 when the checkpoint holds none */
    ir_adam adam;   /* as last used */
    double ema;     /* decay of the averaged weights; 0: there are none */
    long ema_step;  /* steps that they are averaged over */
} history;

/* A fresh detector's. */
history history_new(uint64_t seed);
/* Counters that a checkpoint lacks, one made from PyTorch's weights say, are 0. */
history history_read(const ir_checkpoint *checkpoint, const ir_params *params);
/* The decay from now on; with 0 the average is dropped. */
void history_set_ema(history *h, double decay, ir_params *params);
void history_write(const history *h, ir_checkpoint *checkpoint);

#endif
