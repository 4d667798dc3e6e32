/* A stream of images cut into batches. */
#ifndef POLICY_BATCH_STREAM_H
#define POLICY_BATCH_STREAM_H

#include "policy_batch.h"
#include "policy_options.h"

typedef struct batch_stream batch_stream;

/* mean, std: the input is (sample/maxval - mean) / std. */
batch_stream *batch_stream_open(const options *o, double mean, double std);
/* Fills the batch with the next images; false at the end of the stream. */
bool batch_stream_next(batch_stream *s, batch *b);
void batch_stream_close(batch_stream *s);

#endif
