/* Tables in files: tab-separated lines under a header line, as ir-score and hrl.mk write them.
 *
 * Lines that start with # are comments. Every row has as many fields as the header, or the reader
 * dies with "file:line: what is wrong". */
#ifndef IR_SCORE_TSV_H
#define IR_SCORE_TSV_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *path;
    int columns;
    size_t rows;
    char **cell; /* rows + 1 times columns; the first row is the header */
    long *line;  /* of each row in the file */
    double area; /* what the comment "# area", a tab, a number says; NaN without one */
} tsv;

/* Dies when the file cannot be read, is empty, has no row or is no table. */
tsv *tsv_read(const char *path);
/* NULL when there is no such file. */
tsv *tsv_read_if_there(const char *path);
void tsv_free(tsv *t);

int tsv_find(const tsv *t, const char *column); /* -1: not there */
int tsv_need(const tsv *t, const char *column); /* dies when it is not there */
const char *tsv_text(const tsv *t, size_t row, int column);
/* A number; NaN for "nan", and for "-", which stands for what there is none of. Dies on anything
 * else. */
double tsv_real(const tsv *t, size_t row, int column);
/* Dies with the place of the row: "file:line: COLUMN is 'CELL', not WANTED". */
_Noreturn void tsv_refuse(const tsv *t, size_t row, int column, const char *wanted);

#endif
