/* Named values and the three ways they are printed: text, tab-separated columns, JSON. */
#ifndef IR_SCORE_TABLE_H
#define IR_SCORE_TABLE_H

#include <stdio.h>

typedef enum { FORMAT_TEXT, FORMAT_TSV, FORMAT_JSON } table_format;

typedef struct {
    const char *key;
    enum { ENTRY_REAL, ENTRY_COUNT, ENTRY_NAME } kind;
    double real; /* NaN: undefined; printed as "nan", in JSON as null */
    long count;
    const char *name;
} entry;

entry entry_real(const char *key, double real);
entry entry_count(const char *key, long count);
entry entry_name(const char *key, const char *name);
/* a / b, NaN when b is 0. */
double quotient(double a, double b);

/* A line per entry: key and value, aligned; real numbers with six decimals. */
void table_text(FILE *file, const entry *e, int n);
/* The keys, the values: one row's entries side by side, the first as wide as a score's name. */
void table_text_header(FILE *file, const entry *e, int n);
void table_text_row(FILE *file, const entry *e, int n);
/* The keys; the values (real numbers with 15 digits). A line each. */
void table_tsv_header(FILE *file, const entry *e, int n);
void table_tsv_row(FILE *file, const entry *e, int n);
/* One object, without a newline; a value alone. */
void table_json(FILE *file, const entry *e, int n);
void table_json_value(FILE *file, const entry *e);

/* A curve: rows of the same keys with a header and at the end "# KEY", a tab, the value of what
 * belongs to them all; in JSON one object of that value and the array "points". */
typedef struct {
    FILE *file;
    table_format format;
    entry whole;
    int rows;
} points;

points points_start(FILE *file, table_format format, entry whole);
void points_row(points *p, const entry *e, int n);
void points_end(points *p);

#endif
