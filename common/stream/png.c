/* PNG files come through a pipe from pngtopnm, whose standard input the file is. */
#include "stream/png.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "stream/format.h"

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
