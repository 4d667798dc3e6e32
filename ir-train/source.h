/* What is trained on: frames, their masks and, perhaps, the same frames corrupted. */
#ifndef IR_TRAIN_SOURCE_H
#define IR_TRAIN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/stream.h"

enum { FRAME, MASK, CORRUPTED, ITEM_IMAGES };

typedef struct source source;

/* Each of the first three is one operand; corrupted may be NULL. maxval > 0: that of the frames
 * (--maxval). repeated: source_again() will be called, and the operands must allow it. */
source *source_open(char *images, char *masks, char *corrupted, int maxval, bool repeated);

/* The next frame, mask and corrupted frame, valid until the next call; NULL when the frames have
 * ended. Not a byte of `corrupted` behind this item is asked for. Dies when sizes, names or counts
 * disagree. */
const ir_image *source_next(source *s);

/* After the last batch is dealt with: dies when there are corrupted frames left. */
void source_finish(source *s);

/* From the start once more, in the given order of source_count() paths; NULL: as it was given. The
 * images of small sets stay decoded in memory from one pass to the next. */
void source_again(source *s, const size_t *order);
long source_count(const source *s); /* as ir_matched_count() */

void source_close(source *s);

#endif
