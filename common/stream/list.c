/* Lists of paths, read byte by byte into one line of memory: see list.h. */
#include "stream/list.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { LONGEST = PATH_MAX - 1 }; /* bytes of a path */

struct ir_list {
    FILE *file;
    const char *label;
    size_t number;
    char *where;
    char line[LONGEST + 2]; /* a carriage return and the end */
};

ir_list *ir_list_open(const char *path)
{
    ir_list *list = ir_calloc(1, sizeof *list);
    list->file = ir_open_in(path);
    list->label = strcmp(path, "-") == 0 ? "standard input" : path;
    list->where = ir_strdup(list->label);
    return list;
}

void ir_list_close(ir_list *list)
{
    if (list->file != stdin)
        fclose(list->file);
    free(list->where);
    free(list);
}

const char *ir_list_label(const ir_list *list)
{
    return list->label;
}

const char *ir_list_where(const ir_list *list)
{
    return list->where;
}

/* Checks for a byte-order mark, with two or three bytes of the first line read. */
static size_t check_mark(const ir_list *list, size_t n)
{
    if (n == 2 &&
        (memcmp(list->line, "\xff\xfe", 2) == 0 || memcmp(list->line, "\xfe\xff", 2) == 0))
        ir_die("%s: UTF-16, which is not read (iconv -f UTF-16 -t UTF-8 converts it)", list->label);
    return n == 3 && memcmp(list->line, "\xef\xbb\xbf", 3) == 0 ? 0 : n;
}

static void add_byte(ir_list *list, size_t *n, int c)
{
    if (c == '\0')
        ir_die("%s: a zero byte: not a list of paths", list->where);
    if (*n == LONGEST + 1 && list->line[0] == '#')
        return;
    if (*n == LONGEST + 1)
        ir_die("%s: a line of more than %d bytes is no path", list->where, LONGEST);
    list->line[(*n)++] = (char)c;
    if (list->number == 1 && *n <= 3)
        *n = check_mark(list, *n);
}

/* The file has come to its end, if nothing went wrong there. */
static void check_read(const ir_list *list)
{
    if (ferror(list->file))
        ir_die_errno("%s", list->label);
}

/* False at the end of the file. */
static bool read_line(ir_list *list)
{
    size_t n = 0;
    int c = getc_unlocked(list->file);
    if (c == EOF) {
        check_read(list);
        return false;
    }
    list->number++;
    free(list->where);
    list->where = ir_format("%s:%zu", list->label, list->number);
    for (; c != EOF && c != '\n'; c = getc_unlocked(list->file))
        add_byte(list, &n, c);
    if (c == EOF) /* what there is of the line may be half of it */
        check_read(list);
    if (n > 0 && list->line[n - 1] == '\r')
        n--;
    list->line[n] = '\0';
    if (n > LONGEST && list->line[0] != '#')
        ir_die("%s: a line of more than %d bytes is no path", list->where, LONGEST);
    return true;
}

const char *ir_list_next(ir_list *list)
{
    while (read_line(list))
        if (list->line[0] != '\0' && list->line[0] != '#')
            return list->line;
    return NULL;
}
