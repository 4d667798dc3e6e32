/* Files of lines that may be torn, foreign or no text at all: tables and knobs are read through
 * this. */
#ifndef IR_SCORE_TEXT_H
#define IR_SCORE_TEXT_H

#include <stdio.h>

/* A whole file in memory, and how far its lines were taken. */
typedef struct {
    char *bytes, *next, *end;
    const char *path; /* for messages; not copied */
    long line;        /* the number of the line that text_next() gave last; the first is 1 */
    long torn;        /* the number of a last line without its newline; 0: there is none */
} text_lines;

/* Reads to the file's end. Dies when that cannot be done, and when the file is larger than a GiB.
 */
text_lines text_read(FILE *file, const char *path);
/* The next line, ended by a zero byte in place of its newline and of a carriage return before that;
 * NULL at the end. A last line without its newline was cut short: it is left out and t->torn says
 * so. Dies on a zero byte. The lines may be changed; they live until text_free(). */
char *text_next(text_lines *t);
void text_free(text_lines *t);

/* As much of a foreign word as a message can hold: for "%.*s" with TEXT_SHOWN. */
enum { TEXT_SHOWN = 80 };

#endif
