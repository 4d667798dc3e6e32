/* Reading one column of a table with one row. */
#include "rce.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

typedef struct {
    FILE *file;
    const char *path;
    char *line;
    size_t room;
    long number; /* of the line */
} table_reader;

/* The next line that is no comment, without its end; NULL when there is none. */
static char *next_line(table_reader *r)
{
    while (getline(&r->line, &r->room, r->file) >= 0) {
        r->number++;
        if (r->line[0] == '#')
            continue;
        r->line[strcspn(r->line, "\r\n")] = '\0';
        return r->line;
    }
    if (ferror(r->file))
        ir_die_errno("%s", r->path);
    return NULL;
}

/* Which tab-separated field of the header is "iou"; -1: none. */
static int iou_column(char *header)
{
    char *field;

    for (int i = 0; (field = strsep(&header, "\t")) != NULL; i++)
        if (strcmp(field, "iou") == 0)
            return i;
    return -1;
}

/* A field of a row; "" when the row has fewer. */
static const char *field_at(char *row, int column)
{
    const char *field = strsep(&row, "\t");

    for (int i = 0; i < column; i++)
        field = strsep(&row, "\t");
    return field != NULL ? field : "";
}

static double parse_iou(const table_reader *r, const char *field)
{
    char *end;
    double x;

    if (strcmp(field, "nan") == 0)
        return NAN;
    x = strtod(field, &end);
    if (end == field || *end != '\0' || !(x >= 0 && x <= 1))
        ir_die("%s:%ld: iou is '%s', not a number from 0 to 1", r->path, r->number, field);
    return x;
}

double read_clean_iou(const char *path)
{
    table_reader r = {.file = ir_open_in(path), .path = path};
    char *line = next_line(&r);
    int column = line != NULL ? iou_column(line) : -1;
    double iou;

    if (column < 0)
        ir_die("%s: no column iou: not written by ir-score --tsv", path);
    line = next_line(&r);
    if (line == NULL)
        ir_die("%s: no scores after the header", path);
    iou = parse_iou(&r, field_at(line, column));
    if (next_line(&r) != NULL)
        ir_die("%s:%ld: a second row of scores", path, r.number);
    free(r.line);
    fclose(r.file);
    return iou;
}
