/* Text that goes out line by whole line, so that several processes can share a pipe.
 *
 * POSIX promises that a pipe takes a write of at most PIPE_BUF bytes (4096 on Linux) in one piece.
 * A stdio buffer is written when it is full, wherever in a line that is; what is made here is
 * written at the ends of lines, as many together as PIPE_BUF holds. A record, whose name has at
 * most 255 bytes, is always shorter. A line that is longer goes out by itself, in one write, and
 * then lines of other processes may come between its parts. */
#ifndef IR_LINES_H
#define IR_LINES_H

#include <stdio.h>

/* A stream whose lines are written to file's descriptor. What is behind the last line's end waits
 * for its own, fflush() or not, or for fclose(), which leaves file open. A write that failed fails
 * again, with the same errno: ir_flush() has the reason. Nothing may be left in file's own buffer.
 */
FILE *ir_lines(FILE *file);
/* From here on stdout is such a stream: for commands whose standard output is text. */
void ir_lines_on_stdout(void);

#endif
