/* Tables in files: tab-separated lines under a header line, as ir-score and hrl.mk write them.
 *
 * Lines that start with # are comments. Every row has as many fields as the header, or the reader
 * dies with "file:line: what is wrong". What a table holds may come from anywhere: a reader of it
 * takes names as they are and trusts no number before tsv_real() has checked it. */
#ifndef IR_SCORE_TSV_H
#define IR_SCORE_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "text.h"

typedef struct {
    char *path;
    int columns; /* 0: not even a header */
    size_t rows;
    char **cell;      /* rows + 1 times columns; the first row is the header */
    long *line;       /* of each row in the file */
    double area;      /* what the comment "# area", a tab, a number says; NaN without one */
    text_lines lines; /* what the cells point into; lines.torn: the line that is left out */
} tsv;

/* The table in file, read to its end; path: for messages. It may have no row, or no header. This is
 * all there is to reading a table: it opens nothing, keeps nothing, and ends the program by
 * ir_die() alone. Time and memory grow with the bytes. */
tsv *tsv_parse(FILE *file, const char *path);
/* The table at path. Dies when it cannot be read, is empty, has no row, is torn or is no table. */
tsv *tsv_read(const char *path);
void tsv_free(tsv *t);

/* -1: not there. Looks through all columns; dies when there are two of the name. */
int tsv_find(const tsv *t, const char *column);
int tsv_need(const tsv *t, const char *column); /* dies when it is not there */
const char *tsv_text(const tsv *t, size_t row, int column);
/* A number; NaN for "nan", and for "-", which stands for what there is none of. Dies on anything
 * else. */
double tsv_real(const tsv *t, size_t row, int column);
/* All rows of a column that must be there, times a factor; the caller frees them. */
double *tsv_reals(const tsv *t, const char *column, double times);
/* Dies with the place of the row: "file:line: COLUMN is 'CELL', not WANTED". */
_Noreturn void tsv_refuse(const tsv *t, size_t row, int column, const char *wanted);

#endif
