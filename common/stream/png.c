/* PNG files come through a pipe from pngtopnm, whose standard input the file is. */
#include "stream/png.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "stream/format.h"
#include "stream/image.h"

extern char **environ;

bool ir_is_png(FILE *file, const char *path)
{
    unsigned char byte[IR_FORMAT_BYTES];
    struct stat status;

    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
        return ir_format_named_png(path);
    const ssize_t got = pread(fileno(file), byte, sizeof byte, 0);
    return got > 0 && ir_format_is_png(byte, (size_t)got);
}

/* What the first chunk says of the image's size. pngtopnm holds all of it in memory, of which a few
 * kilobytes of PNG can ask for any number of gigabytes. A pipe cannot be looked into. */
static void check_size(FILE *png, const char *path)
{
    enum { SIZE_AT = 16 };
    uint32_t side[2];

    if (pread(fileno(png), side, sizeof side, SIZE_AT) == sizeof side)
        ir_image_check_size(path, be32toh(side[0]), be32toh(side[1]));
}

/* Starts pngtopnm with these as standard input and output. Its words on standard error would be a
 * second line beside ours. */
static int start(int input, int output, pid_t *reader)
{
    char *arguments[] = {"pngtopnm", NULL};
    posix_spawn_file_actions_t actions;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(reader, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

FILE *ir_png_open(FILE *png, const char *path, pid_t *reader)
{
    int ends[2];
    FILE *file;

    check_size(png, path);
    if (pipe2(ends, O_CLOEXEC) != 0)
        ir_die_errno("pipe");
    errno = start(fileno(png), ends[1], reader);
    if (errno == ENOENT)
        ir_die("%s: pngtopnm (netpbm), which reads PNG files, is not installed", path);
    if (errno != 0)
        ir_die_errno("pngtopnm");
    fclose(png);
    close(ends[1]);
    file = fdopen(ends[0], "r");
    if (file == NULL)
        ir_die_errno("%s", path);
    return file;
}

void ir_png_close(FILE *file, pid_t reader)
{
    fclose(file); /* first: a reader that still writes ends by that */
    while (waitpid(reader, NULL, 0) < 0 && errno == EINTR)
        continue;
}
