/* PNG files, read through netpbm's pngtopnm. */
#ifndef IR_PNG_H
#define IR_PNG_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Whether a file that was just opened is a PNG: a regular file by its first bytes, whatever it is
 * called; a FIFO, which cannot be looked into, by its extension. */
bool ir_is_png(FILE *file, const char *path);

/* What pngtopnm makes of the file, which is closed: a Netpbm image, or nothing when it cannot read
 * it. Dies when the program is not there. */
FILE *ir_png_open(FILE *png, const char *path, pid_t *reader);
void ir_png_close(FILE *file, pid_t reader);

#endif
