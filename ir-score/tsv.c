/* Reading tables into memory; see tsv.h. */
#include "tsv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static int count_fields(const char *line)
{
    int n = 1;

    for (; *line; line++)
        n += *line == '\t';
    return n;
}

static void add_row(tsv *t, char *line, long number)
{
    size_t lines = t->columns == 0 ? 0 : t->rows + 1; /* with the header */
    int fields = count_fields(line);

    if (t->columns == 0)
        t->columns = fields;
    else if (fields != t->columns)
        ir_die("%s:%ld: %d field%s, the header has %d", t->path, number, fields,
               fields == 1 ? "" : "s", t->columns);
    t->cell = ir_realloc(t->cell, (lines + 1) * (size_t)t->columns, sizeof *t->cell);
    t->line = ir_realloc(t->line, lines + 1, sizeof *t->line);
    for (int i = 0; i < fields; i++)
        t->cell[lines * (size_t)t->columns + (size_t)i] = ir_strdup(strsep(&line, "\t"));
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
        ir_die("%s:%ld: the area '%s' is not a number", t->path, number, line);
}

tsv *tsv_read(const char *path)
{
    FILE *file = ir_open_in(path);
    tsv *t = ir_calloc(1, sizeof *t);
    char *line = NULL;
    size_t room = 0;
    long number = 0;
    ssize_t length;

    t->path = ir_strdup(path);
    t->area = NAN;
    while (errno = 0, (length = getline(&line, &room, file)) >= 0) {
        number++;
        if (strlen(line) != (size_t)length)
            ir_die("%s:%ld: a zero byte: not a table", path, number);
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '#')
            read_comment(t, line, number);
        else
            add_row(t, line, number);
    }
    if (ferror(file))
        ir_die_errno("%s", path);
    if (t->columns == 0)
        ir_die("%s: empty: a table was expected", path);
    if (t->rows == 0)
        ir_die("%s: no row after the header", path);
    free(line);
    fclose(file);
    return t;
}

tsv *tsv_read_if_there(const char *path)
{
    return access(path, F_OK) == 0 || errno != ENOENT ? tsv_read(path) : NULL;
}

void tsv_free(tsv *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < (t->rows + 1) * (size_t)t->columns; i++)
        free(t->cell[i]);
    free(t->cell);
    free(t->line);
    free(t->path);
    free(t);
}

int tsv_find(const tsv *t, const char *column)
{
    for (int i = 0; i < t->columns; i++)
        if (strcmp(t->cell[i], column) == 0)
            return i;
    return -1;
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
    ir_die("%s:%ld: %s is '%s', not %s", t->path, t->line[row + 1], t->cell[column],
           tsv_text(t, row, column), wanted);
}

double tsv_real(const tsv *t, size_t row, int column)
{
    const char *text = tsv_text(t, row, column);
    char *end;
    double x;

    if (strcmp(text, "-") == 0 || strcmp(text, "nan") == 0)
        return NAN;
    x = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(x))
        tsv_refuse(t, row, column, "a number");
    return x;
}
