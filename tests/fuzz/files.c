/* Files in memory, in the place of opening, looking for and closing files; see files.h. */
#include "files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "contain.h"

enum { MOST_FILES = 64, MOST_OPEN = 64 };

typedef struct {
    const char *path;
    const char *bytes;
    size_t size;
} file;

typedef struct {
    const file *of;
    size_t at;
    FILE *stream;      /* NULL: not in use */
    char buffer[1024]; /* less than stdio's own, which would take longer than a short input */
} opened;

static file files[MOST_FILES];
static int files_there;
static opened open_now[MOST_OPEN];

void files_clear(void)
{
    files_there = 0;
}

void files_add(const char *path, const void *bytes, size_t size)
{
    if (files_there < MOST_FILES)
        files[files_there++] = (file){path, bytes, size};
}

static const file *find(const char *path)
{
    for (int i = 0; i < files_there; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

static bool is_directory(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    for (int i = 0; i < files_there; i++)
        if (strncmp(files[i].path, path, n) == 0 && files[i].path[n] == '/')
            return true;
    return false;
}

static ssize_t read_some(void *cookie, char *to, size_t size)
{
    opened *o = cookie;
    size_t left = o->of->size - o->at, n = size < left ? size : left;
    memcpy(to, o->of->bytes + o->at, n);
    o->at += n;
    return (ssize_t)n;
}

static FILE *open_file(const char *path)
{
    const file *found = find(path);
    opened *o;
    int i = 0;
    if (!found) {
        errno = is_directory(path) ? EISDIR : ENOENT;
        return NULL;
    }
    while (i < MOST_OPEN && open_now[i].stream)
        i++;
    if (i == MOST_OPEN)
        fault("more than %d files are open", MOST_OPEN);
    o = &open_now[i];
    o->of = found;
    o->at = 0;
    o->stream = fopencookie(o, "r", (cookie_io_functions_t){.read = read_some});
    if (!o->stream || setvbuf(o->stream, o->buffer, _IOFBF, sizeof o->buffer) != 0)
        fault("fopencookie failed");
    return o->stream;
}

int __real_fclose(FILE *stream);
int __wrap_fclose(FILE *stream)
{
    for (int i = 0; i < MOST_OPEN; i++)
        if (open_now[i].stream == stream)
            open_now[i].stream = NULL;
    return __real_fclose(stream);
}

int files_close(void)
{
    int n = 0;
    for (int i = 0; i < MOST_OPEN; i++)
        if (open_now[i].stream) {
            __wrap_fclose(open_now[i].stream);
            n++;
        }
    return n;
}

/* ---- in the place of base.h's and libc's ---- */

FILE *__wrap_ir_open_in(const char *path)
{
    FILE *stream = open_file(path);
    if (!stream)
        ir_die_errno("%s", path);
    return stream;
}

/* Of received.h; NULL: there is no such file. */
FILE *__wrap_received_open(const char *path)
{
    FILE *stream = open_file(path);
    if (!stream && errno != ENOENT)
        ir_die("%s: not a plain file", path);
    return stream;
}

FILE *__wrap_received_open_within(const char *directory, const char *name)
{
    char *path = ir_format("%s/%s", directory, name);
    FILE *stream = __wrap_received_open(path);
    free(path);
    return stream;
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
    return containing() && *mode == 'r' ? open_file(path) : __real_fopen(path, mode);
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (!containing())
        return __real_access(path, mode);
    if (find(path) || is_directory(path))
        return 0;
    errno = ENOENT;
    return -1;
}

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status)
{
    if (!containing())
        return __real_stat(path, status);
    *status = (struct stat){.st_mode = is_directory(path) ? S_IFDIR | 0755 : S_IFREG | 0644};
    return __wrap_access(path, 0);
}
