/* The frames of a batch divided among the processes of a group: rank 0 reads them, and each process
 * gets neighbours, as many as any other or one less. */
#ifndef IR_TRAIN_SHARE_H
#define IR_TRAIN_SHARE_H

#include "batch.h"
#include "comm/comm.h"

typedef struct share share;

/* side, paired: as batch_make(). */
share *share_new(ir_comm *comm, int side, bool paired);
void share_free(share *s);

/* Gives every process its part of rank 0's batch; the others give NULL. lr, the rate of the step,
 * becomes rank 0's. The part keeps what it says of the whole batch, whose names rank 0 alone has.
 *
 * A batch may have fewer frames than there are processes. One that gets none is given a black frame
 * as a stand-in, so that it can keep step, and is absent from all sums until the next batch. */
const batch *share_batch(share *s, const batch *whole, double *lr);
/* The pass has ended: the others' share_batch() gives NULL. */
void share_end(share *s);

/* Brings a number per image from everywhere to rank 0, in the order of the whole batch: own, of
 * batch_images(part), to all. */
void share_gather(share *s, const batch *part, const float *own, float *all);

#endif
