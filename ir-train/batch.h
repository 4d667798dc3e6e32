/* One batch of crops as the network takes it: clean frames, then, when there are any, the same
 * crops of their corrupted versions. */
#ifndef IR_TRAIN_BATCH_H
#define IR_TRAIN_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/normalisation.h"
#include "training_source.h"

typedef struct {
    int capacity, side;
    bool paired;      /* corrupted frames follow the clean ones */
    int count;        /* frames in it: count images, or 2 count when paired */
    int whole, first; /* frames of the whole batch, of which this may be a part (share.h), and the
                         first of them in here */
    float *image, *mask; /* images x 1 x side x side */
    char **name;         /* of each frame of the whole batch */
    uint64_t before;     /* frames of the whole training before these */
} batch;

void batch_make(batch *b, int capacity, int side, bool paired);
int batch_images(const batch *b);
int batch_whole_images(const batch *b); /* of the whole batch */

/* How a pass's frames become crops: how the input is normalised, and what the crops are drawn from.
 * That is Philox keyed by (seed, "crop", name, number); the number is how many frames the training
 * saw before this one. */
typedef struct {
    ir_normalisation normalisation;
    uint64_t seed;
    uint64_t before; /* frames of the whole training before this pass */
} cropping;

/* Reads the next `capacity` items, or what is left of them; false when there was none. */
bool batch_fill(batch *b, source *s, const cropping *how);
void batch_free(batch *b);

#endif
