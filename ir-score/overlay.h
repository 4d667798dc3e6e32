/* Pictures of what was found: the frame in grey with hits green, misses blue, false alarms red. */
#ifndef IR_SCORE_OVERLAY_H
#define IR_SCORE_OVERLAY_H

#include "stream/stream.h"

typedef struct overlay overlay;

/* directory is made when it is not there; root: NULL or that of the names in it. png: PNG instead
 * of PPM. names: which stream of input gives them. Dies when a picture would overwrite a file of
 * input. */
overlay *overlay_new(const char *directory, const char *root, bool png, ir_matched *input,
                     int names);
void overlay_free(overlay *o);

/* Writes NAME.ppm or NAME.png, NAME being the prediction's: pixels that are predicted (>= level)
 * and true green, true only blue, predicted only red. All three images have the same size. */
void overlay_write(overlay *o, const ir_image *predicted, int level, const ir_image *truth,
                   const ir_image *frame);

#endif
