/* Text written in whole lines, so that several processes can share a pipe.
 *
 * POSIX promises that a pipe takes a write of at most PIPE_BUF bytes (4096 on Linux) in one piece.
 * stdio writes its buffer when it is full, even in the middle of a line. The streams made here
 * write at the ends of lines, as many lines together as PIPE_BUF holds. A record is always shorter,
 * since its name has at most 255 bytes. A longer line is written by itself; lines of other
 * processes may then come between its parts. */
#ifndef IR_LINES_H
#define IR_LINES_H

#include <stdio.h>

/* A stream whose lines are written to file's descriptor. An unfinished line is written when it ends
 * or at fclose(), but not by fflush(). fclose() leaves file open. A failed write makes the next
 * ones fail with the same errno, so that ir_flush() has the reason. file's own buffer must be
 * empty. */
FILE *ir_lines(FILE *file);
/* From here on stdout is such a stream: for commands whose standard output is text. */
void ir_lines_on_stdout(void);

#endif
