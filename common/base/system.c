/* Files opened and flushed with a reason when that fails; where the program lies; the clock. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

static atomic_flag stdin_taken = ATOMIC_FLAG_INIT;

void ir_flush(FILE *f, const char *name)
{
    if (fflush(f) != 0)
        ir_die_errno("%s", name);
    if (ferror(f))
        ir_die("%s: a write failed", name);
}

/* Two readers of standard input would each get a part of it. */
static FILE *take_stdin(void)
{
    if (atomic_flag_test_and_set(&stdin_taken))
        ir_usage_die("standard input ('-', or no image) can be read once only");
    return stdin;
}

FILE *ir_open_in(const char *path)
{
    if (strcmp(path, "-") == 0)
        return take_stdin();
    FILE *file = fopen(path, "r");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0)
        ir_die_errno("%s", path);
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        ir_die_errno("%s", path);
    }
    return file;
}

char *ir_own_directory(void)
{
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return NULL;
    path[length] = '\0';
    return ir_strdup(dirname(path));
}

double ir_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
