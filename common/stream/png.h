/* PNG files, read through netpbm's pngtopnm. */
#ifndef IR_PNG_H
#define IR_PNG_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

bool ir_is_png(const char *path); /* by its extension */

/* What pngtopnm makes of the file: a Netpbm image, or nothing when it cannot read it. Dies when the
 * file cannot be opened or the program is not there. */
FILE *ir_png_open(const char *path, pid_t *reader);
void ir_png_close(FILE *file, pid_t reader);

#endif
