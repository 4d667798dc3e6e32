/* Distinct names in the order in which they came, and rows of tables found by names. */
#ifndef IR_SCORE_NAMES_H
#define IR_SCORE_NAMES_H

#include "../tsv.h"

typedef struct {
    char **name;
    char **shown; /* the same for a person: cut where it is too long for a label */
    int n;
    size_t capacity;
    void *tree; /* of what finds an index by its name */
} names;

int names_index(names *s, const char *name);      /* of the name, which is added when it is new */
int names_find(const names *s, const char *name); /* -1: not there */
void names_free(names *s);

/* The rows of a table by what stands in some of its columns; of equal ones the first counts. Takes
 * n log n steps for n rows, whatever stands there. */
typedef struct {
    names keys;
    size_t *row; /* by key */
} row_index;

enum { INDEX_COLUMNS = 3 };

/* columns of them, at most INDEX_COLUMNS; column -1 stands for one of empty cells. */
row_index row_index_new(const tsv *t, const int *column, int columns);
/* The row with these cells; -1: there is none. */
long row_index_find(const row_index *s, const char *const *key, int columns);
void row_index_free(row_index *s);

#endif
