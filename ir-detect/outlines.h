/* Pictures to look at: the frame, and around each target an outline and its score. */
#ifndef IR_DETECT_OUTLINES_H
#define IR_DETECT_OUTLINES_H

#include "detection.h"

typedef struct overlay overlay;

/* Into options' overlay directory, NAME.png; "-": standard output, PPM or, with --png, PNG. stream
 * gives the names. Dies when a picture would overwrite a file of the stream. */
overlay *overlay_open(const options *o, const ir_stream *stream);
/* The targets of d must have been made; the picture has the frame's size and d's name. */
void overlay_put(overlay *ov, const ir_image *frame, const detection *d);
void overlay_close(overlay *ov);

#endif
