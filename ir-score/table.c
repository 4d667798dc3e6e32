/* Printing named values. */
#include "table.h"

#include <math.h>
#include <stdbool.h>

entry entry_real(const char *key, double real)
{
    return (entry){.key = key, .kind = ENTRY_REAL, .real = real};
}

entry entry_count(const char *key, long count)
{
    return (entry){.key = key, .kind = ENTRY_COUNT, .count = count};
}

entry entry_name(const char *key, const char *name)
{
    return (entry){.key = key, .kind = ENTRY_NAME, .name = name};
}

double quotient(double a, double b)
{
    return b != 0 ? a / b : NAN;
}

/* A NaN of either sign is "nan": what printf makes of it depends on the sign. */
static void print_real(FILE *file, const char *format, double x)
{
    if (isnan(x))
        fputs("nan", file);
    else
        fprintf(file, format, x);
}

static void print_value(FILE *file, const char *real_format, const entry *e)
{
    if (e->kind == ENTRY_COUNT)
        fprintf(file, "%ld", e->count);
    else if (e->kind == ENTRY_NAME)
        fputs(e->name, file);
    else
        print_real(file, real_format, e->real);
}

void table_text(FILE *file, const entry *e, int n)
{
    for (int i = 0; i < n; i++) {
        fprintf(file, "%-18s  ", e[i].key);
        print_value(file, "%.6f", &e[i]);
        fputc('\n', file);
    }
}

void table_text_header(FILE *file, const entry *e, int n)
{
    fprintf(file, "%-24s", e[0].key);
    for (int i = 1; i < n; i++)
        fprintf(file, "  %12s", e[i].key);
    fputc('\n', file);
}

void table_text_row(FILE *file, const entry *e, int n)
{
    fprintf(file, "%-24s", e[0].name);
    for (int i = 1; i < n; i++) {
        if (isnan(e[i].real))
            fprintf(file, "  %12s", "nan");
        else
            fprintf(file, "  %12.6f", e[i].real);
    }
    fputc('\n', file);
}

void table_tsv_header(FILE *file, const entry *e, int n)
{
    for (int i = 0; i < n; i++)
        fprintf(file, "%s%c", e[i].key, i + 1 < n ? '\t' : '\n');
}

void table_tsv_row(FILE *file, const entry *e, int n)
{
    for (int i = 0; i < n; i++) {
        print_value(file, "%.15g", &e[i]);
        fputc(i + 1 < n ? '\t' : '\n', file);
    }
}

static void print_json_string(FILE *file, const char *s)
{
    fputc('"', file);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(file, "\\%c", *s);
        else if ((unsigned char)*s < ' ')
            fprintf(file, "\\u%04x", (unsigned char)*s);
        else
            fputc(*s, file);
    }
    fputc('"', file);
}

void table_json_value(FILE *file, const entry *e)
{
    if (e->kind == ENTRY_NAME)
        print_json_string(file, e->name);
    else if (e->kind == ENTRY_REAL && isnan(e->real))
        fputs("null", file);
    else
        print_value(file, "%.15g", e);
}

void table_json(FILE *file, const entry *e, int n)
{
    for (int i = 0; i < n; i++) {
        fprintf(file, "%s\"%s\": ", i == 0 ? "{" : ", ", e[i].key);
        table_json_value(file, &e[i]);
    }
    fputc('}', file);
}

points points_start(FILE *file, table_format format, entry whole)
{
    if (format == FORMAT_JSON) {
        fprintf(file, "{\"%s\": ", whole.key);
        table_json_value(file, &whole);
        fputs(", \"points\": [", file);
    }
    return (points){.file = file, .format = format, .whole = whole};
}

void points_row(points *p, const entry *e, int n)
{
    bool first = p->rows++ == 0;
    if (p->format == FORMAT_JSON) {
        fputs(first ? "" : ", ", p->file);
        table_json(p->file, e, n);
        return;
    }
    if (first)
        table_tsv_header(p->file, e, n);
    table_tsv_row(p->file, e, n);
}

void points_end(points *p)
{
    if (p->format == FORMAT_JSON) {
        fputs("]}\n", p->file);
        return;
    }
    fprintf(p->file, "# %s\t", p->whole.key);
    table_tsv_row(p->file, &p->whole, 1);
}
