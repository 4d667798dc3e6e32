/* Statistics that are measured: a training's last batches are kept, and once it is over the
 * statistics of batch normalisation are taken over them, with the weights that detection uses. */
#ifndef IR_TRAIN_MEASURE_H
#define IR_TRAIN_MEASURE_H

#include "batch.h"
#include "comm/comm.h"
#include "nets/detector.h"

typedef struct {
    float *image;
    size_t capacity; /* numbers */
    int count, side;
    bool absent; /* a stand-in: see share_batch() */
    int whole;   /* images of the whole batch */
} measure_batch;

typedef struct {
    int most;             /* --measure: batches to keep; 0: nothing is measured */
    measure_batch *batch; /* most of them, the oldest overwritten first */
    long seen;            /* batches of this pass */
    ir_comm *comm;        /* the processes that have the batches' other parts, or NULL */
} measurement;

/* A pass begins: what was kept of the one before is forgotten, its memory used again. */
/* As many batches as hold 256 frames. With fewer, the clean IoU of one and the same detector varies
 * by a point or more with the batches that were the last. */
int measured_batches(int batch);
void measure_start(measurement *m);
/* Copies the images, as the network sees them. */
void measure_keep(measurement *m, const batch *b);
/* Runs the batches kept through the network and adds measured/ to the checkpoint that the detector
 * was just saved to: the mean over the batches of each one's statistics, as PyTorch's update_bn()
 * takes it. The detector goes on as it was. */
void measure_statistics(const measurement *m, ir_detector *detector, ir_checkpoint *checkpoint);
void measure_free(measurement *m);

#endif
