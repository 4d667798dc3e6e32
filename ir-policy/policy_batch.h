/* A batch of images at the strategy network's size, with what was chosen and rewarded. */
#ifndef POLICY_BATCH_H
#define POLICY_BATCH_H

#include <stdint.h>

typedef struct {
    int capacity; /* images */
    int n;        /* images in it: the last batch may be short */
    char **name;
    uint64_t *occurrence; /* how often the name came before in the stream */
    float *input;         /* n x 1 x 128 x 128, normalised */
    float *logp;          /* n x 30: log p of every strategy */
    int *strategy;        /* n: what was chosen */
    double *reward;       /* n */
} batch;

batch *batch_new(int capacity);
void batch_free(batch *b);

#endif
