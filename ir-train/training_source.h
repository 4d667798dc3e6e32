/* What is trained on: frames, their masks and, perhaps, the same frames corrupted. */
#ifndef IR_TRAINING_SOURCE_H
#define IR_TRAINING_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/stream.h"

enum { FRAME, MASK, CORRUPTED, ITEM_IMAGES };

typedef struct source source;

typedef struct {
    char *operand[ITEM_IMAGES]; /* one each; that of the corrupted frames may be NULL */
    int maxval;                 /* of the frames (--maxval); 0: the files' own */
    double true_above;          /* of the masks (--true-above); negative: not given */
    bool resize;                /* a mask of another size is scaled to its frame's */
    bool repeated;              /* source_again() will be called; the operands must allow it */
} source_options;

/* Dies where masks that can be read again hold no target, before anything else is read. */
source *source_open(const source_options *o);

/* The next frame, mask and corrupted frame, valid until the next call; NULL when the frames have
 * ended. Not a byte of `corrupted` behind this item is asked for. Dies when sizes, names or counts
 * disagree. */
const ir_image *source_next(source *s);

/* After the last batch is dealt with: dies when there are corrupted frames left. */
void source_finish(source *s);

/* From the start once more, in the given order of source_count() paths; NULL: as it was given. The
 * images of small sets stay decoded in memory from one pass to the next. */
void source_again(source *s, const size_t *order);
size_t source_position(const source *s); /* frames of this pass that source_next() gave */
long source_count(const source *s);      /* as ir_matched_count() */
long source_frames(const source *s);     /* frames of a pass, as ir_stream_count() */

void source_close(source *s);

#endif
