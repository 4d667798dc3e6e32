/* Reading tables into memory; see tsv.h. */
#include "tsv.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static size_t count_fields(const char *line)
{
    size_t n = 1;
    for (; *line; line++)
        n += *line == '\t';
    return n;
}

static void check_fields(tsv *t, size_t fields, long number)
{
    if (t->columns == 0 && fields > INT_MAX)
        ir_die("%s:%ld: %zu fields are too many", t->path, number, fields);
    if (t->columns == 0)
        t->columns = (int)fields;
    else if (fields != (size_t)t->columns)
        ir_die("%s:%ld: %zu field%s, the header has %d", t->path, number, fields,
               fields == 1 ? "" : "s", t->columns);
}

/* The capacity of the table in add_row(). Every cell has a byte of its own in the file, so no
 * product of rows and columns exceeds the file's size. */
typedef struct {
    size_t cells, lines;
} capacity;

static void add_row(tsv *t, capacity *r, char *line, long number)
{
    size_t lines = t->columns == 0 ? 0 : t->rows + 1; /* with the header */
    size_t columns, cells;
    check_fields(t, count_fields(line), number);
    columns = (size_t)t->columns;
    cells = lines * columns;
    if (r->cells - cells < columns) {
        r->cells = 2 * (cells + columns);
        t->cell = ir_realloc(t->cell, r->cells, sizeof *t->cell);
    }
    if (r->lines == lines) {
        r->lines = 2 * (lines + 1);
        t->line = ir_realloc(t->line, r->lines, sizeof *t->line);
    }
    for (size_t i = 0; i < columns; i++)
        t->cell[cells + i] = strsep(&line, "\t");
    t->line[lines] = number;
    t->rows = lines;
}

static void read_comment(tsv *t, const char *line, long number)
{
    static const char mark[] = "# area\t";
    char *end;
    if (strncmp(line, mark, strlen(mark)) != 0)
        return;
    line += strlen(mark);
    t->area = strtod(line, &end);
    if (end == line || *end != '\0' || isinf(t->area))
        ir_die("%s:%ld: the area '%.*s' is not a number", t->path, number, TEXT_SHOWN, line);
}

tsv *tsv_parse(FILE *file, const char *path)
{
    tsv *t = ir_calloc(1, sizeof *t);
    capacity r = {0};
    char *line;
    t->path = ir_strdup(path);
    t->area = NAN;
    t->lines = text_read(file, t->path);
    while ((line = text_next(&t->lines))) {
        if (line[0] == '#')
            read_comment(t, line, t->lines.line);
        else
            add_row(t, &r, line, t->lines.line);
    }
    return t;
}

tsv *tsv_read(const char *path)
{
    FILE *file = ir_open_in(path);
    tsv *t = tsv_parse(file, path);
    fclose(file);
    if (t->lines.torn > 0)
        ir_die("%s:%ld: the last line has no newline: it was cut short (make the table again)",
               path, t->lines.torn);
    if (t->columns == 0)
        ir_die("%s: empty: a table was expected", path);
    if (t->rows == 0)
        ir_die("%s: no row after the header", path);
    return t;
}

void tsv_free(tsv *t)
{
    if (!t)
        return;
    free(t->cell);
    free(t->line);
    free(t->path);
    text_free(&t->lines);
    free(t);
}

int tsv_find(const tsv *t, const char *column)
{
    int found = -1;
    for (int i = 0; i < t->columns; i++) {
        if (strcmp(t->cell[i], column) != 0)
            continue;
        if (found >= 0)
            ir_die("%s: two columns are called %s", t->path, column);
        found = i;
    }
    return found;
}

int tsv_need(const tsv *t, const char *column)
{
    int i = tsv_find(t, column);
    if (i < 0)
        ir_die("%s: no column %s", t->path, column);
    return i;
}

const char *tsv_text(const tsv *t, size_t row, int column)
{
    return t->cell[(row + 1) * (size_t)t->columns + (size_t)column];
}

void tsv_refuse(const tsv *t, size_t row, int column, const char *wanted)
{
    const char *found = tsv_text(t, row, column);
    ir_die("%s:%ld: %s is '%.*s%s', not %s", t->path, t->line[row + 1], t->cell[column], TEXT_SHOWN,
           found, strlen(found) > TEXT_SHOWN ? "..." : "", wanted);
}

double tsv_real(const tsv *t, size_t row, int column)
{
    const char *found = tsv_text(t, row, column);
    char *end;
    double x;
    if (strcmp(found, "-") == 0 || strcmp(found, "nan") == 0)
        return NAN;
    x = strtod(found, &end);
    if (end == found || *end != '\0' || !isfinite(x))
        tsv_refuse(t, row, column, "a number");
    return x;
}

double *tsv_reals(const tsv *t, const char *column, double times)
{
    double *x = ir_calloc(t->rows, sizeof *x);
    int at = tsv_need(t, column);
    for (size_t row = 0; row < t->rows; row++)
        x[row] = times * tsv_real(t, row, at);
    return x;
}
