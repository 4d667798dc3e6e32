/* Training: epochs over matched streams, a checkpoint before and one after. */
#ifndef IR_TRAIN_TRAIN_H
#define IR_TRAIN_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/backend.h"
#include "rate.h"

typedef struct {
    const char *checkpoint;            /* -c */
    char *corrupted;                   /* an operand, or NULL */
    const char *rewards, *write, *log; /* NULL: none, stdout, stderr */
    bool has_reward, rise;             /* of the rewards: see trainer */
    ir_backend_options backend;
    int batch, crop, maxval; /* maxval 0: the files' own */
    long epochs, save_every; /* save_every 0: only at the end */
    bool shuffle, whole_batch, quiet, verbose, profile;
    bool resize;       /* masks of another size are scaled */
    double true_above; /* of the masks; negative: not given */
    double lambda;
    bool has_bce;
    double bce_weight; /* negative: 1 */
    rate_schedule rate;
    double bn_momentum; /* negative: the checkpoint's */
    double ema;         /* decay of the averaged weights; 0: none, negative: the checkpoint's */
    int measure; /* batches that the statistics are measured on; 0: they are not, negative: by
                    measured_batches() */
    bool has_seed;
    uint64_t seed;
} train_options;

void train(const train_options *o, char *images, char *masks);

#endif
