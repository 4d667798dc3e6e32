/* The images of one file, whatever its format. */
#ifndef IR_SOURCE_H
#define IR_SOURCE_H

#include <stdio.h>

#include "stream/image.h"

typedef struct ir_source ir_source;

/* Takes over an open file. A regular file's first bytes, not its name, tell its format. A pipe must
 * hold Netpbm and PNG, since one cannot look ahead in it. Dies on a format that is not read, and
 * when the program that reads it is missing. */
ir_source *ir_source_open(FILE *file, const char *path);
/* Reads the next image; the caller sets its name. False at the end, even of a file without images.
 * Dies on a bad image, with `what` before the message. Reads not one byte past the image, so that
 * pipes can take turns. */
bool ir_source_next(ir_source *source, const char *what, ir_image *im);
void ir_source_close(ir_source *source);

#endif
