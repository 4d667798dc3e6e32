/* Which corrupted frames are worth looking at. */
#ifndef IR_SCORE_GALLERY_H
#define IR_SCORE_GALLERY_H

#include <stddef.h>

#include "run.h"

enum { GALLERY_CASES = 4 };

typedef enum { GALLERY_MISSES, GALLERY_ALARMS, GALLERY_GAINS, GALLERY_LOSSES, GALLERIES } gallery;

/* The rows of a run's images.tsv that are worst (or best) in this way, worst first, at most
 * GALLERY_CASES of them; rows without a miss, an alarm, a gain are none. other: the run that gains
 * and losses are relative to, or NULL. Returns how many. */
int gallery_pick(gallery which, const run *r, const run *other, size_t row[GALLERY_CASES]);

/* The row of the other run's table with the same frame under the same strategy; -1: none. */
long gallery_same(const run *r, size_t row, const run *other);

#endif
