/* A converter's standard input is the file, its standard output a pipe: see converter.h. */
#include "stream/converter.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "stream/fits.h"

extern char **environ;

enum { MOST_ARGUMENTS = 5 }; /* with the program and the end */

/* Starts it with these as standard input and output. Its words on standard error would be a second
 * line beside ours. */
static int start(char *const *argument, int input, int output, pid_t *converter)
{
    posix_spawn_file_actions_t actions;
    int error;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(converter, argument[0], &actions, NULL, argument, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The command line; range: of the options that only the file tells. */
static void find_arguments(FILE *file, const char *path, const ir_format_info *format,
                           char *argument[MOST_ARGUMENTS], ir_fits_range *range)
{
    int n = 0;
    argument[n++] = (char *)format->program;
    if (format->options)
        argument[n++] = (char *)format->options;
    if (strcmp(format->name, "FITS") == 0) {
        *range = ir_fits_look(fileno(file), path);
        argument[n++] = range->low;
        argument[n++] = range->high;
    }
    argument[n] = NULL;
}

FILE *ir_converter_open(FILE *file, const char *path, const ir_format_info *format,
                        pid_t *converter)
{
    char *argument[MOST_ARGUMENTS];
    ir_fits_range range;
    int ends[2];
    FILE *images;
    find_arguments(file, path, format, argument, &range);
    if (pipe2(ends, O_CLOEXEC) != 0)
        ir_die_errno("pipe");
    errno = start(argument, fileno(file), ends[1], converter);
    if (errno == ENOENT)
        ir_die("%s: %s (package %s), which reads %s files, is not installed", path, format->program,
               IR_CONVERTERS, format->name);
    if (errno != 0)
        ir_die_errno("%s", format->program);
    if (file != stdin)
        fclose(file);
    close(ends[1]);
    images = fdopen(ends[0], "r");
    if (!images)
        ir_die_errno("%s", path);
    return images;
}

bool ir_converter_close(FILE *images, pid_t converter)
{
    int status = 0;
    fclose(images); /* first: a converter that still writes ends by that */
    while (waitpid(converter, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
