/* The images of one file, whatever its format. */
#ifndef IR_SOURCE_H
#define IR_SOURCE_H

#include <stdio.h>

#include "stream/image.h"

typedef struct ir_source ir_source;

/* An open file, which is the source's from here on. What a regular file is its first bytes say, not
 * its name; a pipe, which cannot be looked into, holds Netpbm and PNG. Dies where the program is
 * missing that reads the format, and on a format that is not read. */
ir_source *ir_source_open(FILE *file, const char *path);
/* The next image, its name the caller's affair; false at the end, and also where there was none at
 * all. Dies on a bad image, with `what` before the message. Reads not one byte past the image, so
 * that pipes can take turns. */
bool ir_source_next(ir_source *source, const char *what, ir_image *im);
void ir_source_close(ir_source *source);

#endif
