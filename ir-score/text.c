/* Lines, cut in place out of a file's bytes; see text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"

enum { FIRST_CAPACITY = 4096, MOST_BYTES = 1 << 30 };

static void check_size(size_t bytes, const char *path)
{
    if (bytes > MOST_BYTES)
        ir_die("%s: larger than %d MiB: not a table", path, MOST_BYTES >> 20);
}

text_lines text_read(FILE *file, const char *path)
{
    struct stat status;
    size_t capacity = FIRST_CAPACITY, n = 0, got;
    text_lines t = {.path = path, .bytes = ir_malloc(capacity)};
    if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
        check_size((size_t)status.st_size, path); /* it may have holes */
    while ((got = fread(t.bytes + n, 1, capacity - n, file)) > 0) {
        n += got;
        check_size(n, path);
        if (n == capacity) {
            t.bytes = ir_realloc(t.bytes, capacity, 2);
            capacity *= 2;
        }
    }
    if (ferror(file))
        ir_die_errno("%s", path);
    t.next = t.bytes;
    t.end = t.bytes + n;
    return t;
}

char *text_next(text_lines *t)
{
    size_t left = (size_t)(t->end - t->next);
    char *line = t->next, *end;
    if (left == 0)
        return NULL;
    t->line++;
    end = memchr(line, '\n', left);
    if (memchr(line, '\0', end ? (size_t)(end - line) : left))
        ir_die("%s:%ld: a zero byte: not a table", t->path, t->line);
    if (!end) {
        t->torn = t->line;
        t->next = t->end;
        return NULL;
    }
    t->next = end + 1;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    return line;
}

void text_free(text_lines *t)
{
    free(t->bytes);
}
