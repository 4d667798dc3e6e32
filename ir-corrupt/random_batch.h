/* Random numbers by the thousand: an ir_rng's words and normals, many at a time. */
#ifndef CORRUPT_RANDOM_H
#define CORRUPT_RANDOM_H

#include <stdint.h>

#include "base/philox.h"

enum { RANDOM_BATCH = 1024 };

/* The next RANDOM_BATCH words of rng, the same as ir_rng_u32() gives one by one. rng must stand at
 * the start of a block: new, or only ever asked for batches. */
void random_words(ir_rng *rng, uint32_t word[RANDOM_BATCH]);

/* RANDOM_BATCH normals of mean 0 and variance 1, made of the next RANDOM_BATCH words. None is
 * larger than 6.7. */
void random_normals(ir_rng *rng, float normal[RANDOM_BATCH]);

#endif
