/* A balanced tree, since foreign names could be chosen so that a hash table grows slow. */
#include "names.h"

#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/printable.h"

typedef struct {
    const char *name;
    int index;
} node;

static int compare(const void *a, const void *b)
{
    const node *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* A label of at most 64 bytes: whole characters and, in place of the rest, an ellipsis. */
static char *shorten(const char *name)
{
    enum { LONGEST = 64 };
    size_t n = 0;

    if (strlen(name) <= LONGEST)
        return ir_strdup(name);
    for (;;) {
        size_t length = ir_utf8_length(name + n);

        length += length == 0; /* no character: a byte by itself */
        if (n + length > LONGEST)
            break;
        n += length;
    }
    return ir_format("%.*s\xe2\x80\xa6", (int)n, name);
}

static void add(names *s, node *new, const char *name)
{
    size_t n = (size_t)s->n;
    if (s->n == INT_MAX)
        ir_die("more than %d different names", INT_MAX);
    if (n == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->name = ir_realloc(s->name, s->capacity, sizeof *s->name);
        s->shown = ir_realloc(s->shown, s->capacity, sizeof *s->shown);
    }
    s->name[n] = ir_strdup(name);
    s->shown[n] = shorten(name);
    *new = (node){s->name[n], s->n++};
}

int names_index(names *s, const char *name)
{
    node *new = ir_malloc(sizeof *new), **found;
    *new = (node){.name = name};
    found = tsearch(new, &s->tree, compare);
    if (!found)
        ir_die("out of memory");
    if (*found == new)
        add(s, new, name);
    else
        free(new);
    return (*found)->index;
}

int names_find(const names *s, const char *name)
{
    node **found = tfind(&(node){.name = name}, &s->tree, compare);
    return found ? (*found)->index : -1;
}

void names_free(names *s)
{
    tdestroy(s->tree, free);
    for (int i = 0; i < s->n; i++) {
        free(s->name[i]);
        free(s->shown[i]);
    }
    free(s->name);
    free(s->shown);
}

/* ---- rows ---- */

/* The cells, and empty ones for what lacks, with tabs between them, which no cell holds. */
static char *join(const char *const *cell, int n)
{
    const char *all[INDEX_COLUMNS] = {"", "", ""};
    memcpy(all, cell, (size_t)n * sizeof *cell);
    return ir_format("%s\t%s\t%s", all[0], all[1], all[2]);
}

row_index row_index_new(const tsv *t, const int *column, int columns)
{
    row_index s = {.row = ir_calloc(t->rows, sizeof *s.row)};
    for (size_t row = 0; row < t->rows; row++) {
        const char *cell[INDEX_COLUMNS] = {""};
        int before = s.keys.n, key;
        char *joined;

        for (int i = 0; i < columns; i++)
            cell[i] = column[i] < 0 ? "" : tsv_text(t, row, column[i]);
        joined = join(cell, columns);
        key = names_index(&s.keys, joined);
        if (key == before)
            s.row[key] = row;
        free(joined);
    }
    return s;
}

long row_index_find(const row_index *s, const char *const *key, int columns)
{
    char *joined = join(key, columns);
    int found = names_find(&s->keys, joined);
    free(joined);
    return found < 0 ? -1 : (long)s->row[found];
}

void row_index_free(row_index *s)
{
    names_free(&s->keys);
    free(s->row);
}
