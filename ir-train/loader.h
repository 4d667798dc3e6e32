/* The batches of a pass, one after the other; for a device that works while the program goes on,
 * the next one is filled meanwhile. */
#ifndef IR_TRAIN_LOADER_H
#define IR_TRAIN_LOADER_H

#include <stdbool.h>

#include "batch.h"

typedef struct loader loader;

/* ahead: a thread of its own fills the next batch while the caller is at one. */
loader *loader_new(source *s, int room, int side, bool paired, bool ahead);
/* Begins a pass of the source, which stands at its beginning. The loader has the source to itself
 * until loader_next() has said that the pass is over. */
void loader_begin(loader *l, cropping how);
/* The next batch, valid until the next call; NULL at the end of the pass, when nothing is left over
 * on any side. */
const batch *loader_next(loader *l);
void loader_free(loader *l);

#endif
