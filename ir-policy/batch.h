/* Batches of the image stream, at the strategy network's size. */
#ifndef POLICY_BATCH_H
#define POLICY_BATCH_H

#include "base/philox.h"
#include "options.h"
#include "stream/stream.h"

typedef struct {
    int n; /* images in it: the last batch may be short */
    char **name;
    uint64_t *occurrence; /* how often that name came before in the stream */
    float *input;         /* n x 1 x 128 x 128, normalised */
    float *logp;          /* n x 30 */
    int *strategy;        /* n: what was chosen */
    double *reward;       /* n */

    /* where it comes from */
    int size;
    ir_stream *stream;
    ir_tally *tally;
    ir_image image;
    double mean, std;
} batch;

batch *batch_open(const options *o, double mean, double std);
/* The next batch; false at the end of the stream. */
bool batch_read(batch *b);
/* An empty one with as much room, that nothing can be read into. */
batch *batch_like(const batch *b);
/* The images of the two, and all that belongs to them. */
void batch_exchange(batch *a, batch *b);
void batch_close(batch *b);

#endif
