/* Lines, cut in place out of a file's bytes; see text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"

enum { FIRST_ROOM = 4096, MOST_BYTES = 1 << 30 };

static void check_size(size_t bytes, const char *path)
{
    if (bytes > MOST_BYTES)
        ir_die("%s: larger than %d MiB: not a table", path, MOST_BYTES >> 20);
}

text_lines text_read(FILE *file, const char *path)
{
    struct stat status;
    size_t room = FIRST_ROOM, n = 0, got;
    text_lines t = {.path = path, .bytes = ir_malloc(room)};

    if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
        check_size((size_t)status.st_size, path); /* it may have holes */
    while ((got = fread(t.bytes + n, 1, room - n, file)) > 0) {
        n += got;
        check_size(n, path);
        if (n == room) {
            t.bytes = ir_realloc(t.bytes, room, 2);
            room *= 2;
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
    if (memchr(line, '\0', end != NULL ? (size_t)(end - line) : left) != NULL)
        ir_die("%s:%ld: a zero byte: not a table", t->path, t->line);
    if (end == NULL) {
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
