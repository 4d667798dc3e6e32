/* Files that a program of Netpbm converts. */
#ifndef IR_CONVERTER_H
#define IR_CONVERTER_H

#include <stdio.h>
#include <sys/types.h>

#include "stream/format.h"

/* What the format's program makes of the file, which is closed: Netpbm images, or nothing when it
 * cannot read it. Dies when the program is not there, and, by name, on what it would read wrongly.
 */
FILE *ir_converter_open(FILE *file, const char *path, const ir_format_info *format,
                        pid_t *converter);
/* Waits for the program; false when it failed, which it also does when not all was read. */
bool ir_converter_close(FILE *images, pid_t converter);

#endif
