/* Files that are read through a program of Netpbm. */
#ifndef IR_CONVERTER_H
#define IR_CONVERTER_H

#include <stdio.h>
#include <sys/types.h>

#include "stream/format.h"

/* Starts the format's program on the file and closes the file. Returns a stream of the program's
 * output: Netpbm images, or nothing if it cannot read the file. Dies when the program is missing
 * and when the program is known to misread the file. */
FILE *ir_converter_open(FILE *file, const char *path, const ir_format_info *format,
                        pid_t *converter);
/* Waits for the program. False when it failed, also because its output was not read to the end. */
bool ir_converter_close(FILE *images, pid_t converter);

#endif
