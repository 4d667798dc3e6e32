/* Text that goes out line by whole line: see lines.h. */
#include "base/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

/* What stdio gathers before it hands it over: with the rest of a record, a write's worth. */
enum { GATHERED = PIPE_BUF - 512 };

typedef struct {
    int fd;
    int reason; /* errno of the write that failed, or 0 */
    char *text; /* not yet written */
    size_t length, capacity;
    char buffer[GATHERED]; /* stdio's */
} lines;

/* As ir_realloc(), which would end the program from within stdio. */
static bool reserve(lines *l, size_t more)
{
    size_t capacity = 2 * (l->length + more);
    char *text;
    if (l->length + more <= l->capacity)
        return true;
    text = realloc(l->text, capacity);
    if (!text) {
        l->reason = ENOMEM;
        return false;
    }
    l->text = text;
    l->capacity = capacity;
    return true;
}

static bool write_whole(lines *l, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(l->fd, text, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            l->reason = errno;
            return false;
        }
        text += n;
        length -= (size_t)n;
    }
    return true;
}

/* The bytes of the whole lines at the start of text that go out together; 0: there is no end. */
static size_t whole_lines(const char *text, size_t length)
{
    const char *end = memrchr(text, '\n', length < PIPE_BUF ? length : PIPE_BUF);
    if (!end)
        end = memchr(text, '\n', length);
    return !end ? 0 : (size_t)(end - text) + 1;
}

static bool write_lines(lines *l)
{
    size_t at = 0, n;
    while ((n = whole_lines(l->text + at, l->length - at)) > 0) {
        if (!write_whole(l, l->text + at, n))
            return false;
        at += n;
    }
    memmove(l->text, l->text + at, l->length - at);
    l->length -= at;
    return true;
}

/* stdio's write function: 0 is its failure. */
static ssize_t take(void *cookie, const char *text, size_t length)
{
    lines *l = cookie;
    if (l->reason == 0 && reserve(l, length)) {
        memcpy(l->text + l->length, text, length);
        l->length += length;
        if (write_lines(l))
            return (ssize_t)length;
    }
    errno = l->reason;
    return 0;
}

static int finish(void *cookie)
{
    lines *l = cookie;
    int reason;
    if (l->reason == 0)
        write_whole(l, l->text, l->length);
    reason = l->reason;
    free(l->text);
    free(l);
    errno = reason;
    return reason == 0 ? 0 : -1;
}

FILE *ir_lines(FILE *file)
{
    lines *l = ir_calloc(1, sizeof *l);
    FILE *stream = fopencookie(l, "w", (cookie_io_functions_t){.write = take, .close = finish});
    if (!stream)
        ir_die("out of memory");
    l->fd = fileno(file);
    setvbuf(stream, l->buffer, _IOFBF, sizeof l->buffer);
    return stream;
}

void ir_lines_on_stdout(void)
{
    stdout = ir_lines(stdout); /* a variable, in the GNU C library */
}
