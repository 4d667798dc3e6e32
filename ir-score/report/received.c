/* Opens with O_NONBLOCK, which does not wait for a FIFO, then checks the kind of the open file. */
#include "received.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

/* path: what is opened; name: what messages call it. */
static FILE *open_plain(const char *path, const char *name)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    FILE *file;
    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0 && errno == ENXIO) /* a socket, or a device without a driver */
        ir_die("%s: not a plain file", name);
    if (fd < 0 || fstat(fd, &status) != 0)
        ir_die_errno("%s", name);
    if (!S_ISREG(status.st_mode))
        ir_die("%s: not a plain file", name);
    file = fdopen(fd, "r");
    if (!file)
        ir_die_errno("%s", name);
    return file;
}

FILE *received_open(const char *path)
{
    return open_plain(path, path);
}

static bool lies_within(const char *directory, const char *path)
{
    size_t n = strlen(directory);
    while (n > 0 && directory[n - 1] == '/') /* the root alone ends so */
        n--;
    return strncmp(path, directory, n) == 0 && path[n] == '/';
}

FILE *received_open_within(const char *directory, const char *name)
{
    char *path = ir_format("%s/%s", directory, name);
    char *root = realpath(directory, NULL), *real = realpath(path, NULL);
    FILE *file = NULL;
    if (!root)
        ir_die_errno("%s", directory);
    if (!real && errno != ENOENT)
        ir_die_errno("%s", path);
    if (real && !lies_within(root, real))
        ir_die("%s: leads out of %s (put a copy there in place of the link)", path, directory);
    if (real)
        file = open_plain(real, path);
    free(real);
    free(root);
    free(path);
    return file;
}
