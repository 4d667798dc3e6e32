/* The program's name, its one-line messages, and how it ends.
 *
 * A failure may come up in any thread while others read, work and write. The first thread that
 * fails, and has waited for what it wants to wait for, ends the process; it removes unfinished
 * files, writes out what stdout holds and leaves by _exit(), because exit() could wait for a stdio
 * lock of a thread that is blocked in read(). */
#include <errno.h>
#include <fcntl.h>
#include <netpbm/pm.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/cleanup.h"
#include "base/printable.h"

static const char *program_name = "irtools";
static atomic_flag ending = ATOMIC_FLAG_INIT;
static _Thread_local struct {
    void (*run)(void *);
    void *context;
} before_dying;
static void (*first_of_all)(void);
static void (*last_of_all)(int status);

/* A standard file that the caller closed must not become the number of a file opened later, or
 * messages and images would go into it. Opens a substitute that fails when it is used. */
static void reserve_standard_files(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

void ir_start(const char *program)
{
    reserve_standard_files();
    const char *slash = strrchr(program, '/');
    program_name = slash ? slash + 1 : program;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write beyond "ulimit -f" fails, which can be said */
    ir_cleanup_start();
    pm_init(program_name, 0);
}

const char *ir_program(void)
{
    return program_name;
}

/* "PROGRAM: message[: reason]" as one write, so that lines of a pipeline's programs do not mix.
 * A file's name may hold a newline, which would break the one line, or what a terminal obeys. */
static void say(const char *format, va_list arguments, const char *reason)
{
    char *message = NULL, *line = NULL;
    if (vasprintf(&message, format, arguments) < 0 ||
        asprintf(&line, "%s: %s%s%s", program_name, message, reason ? ": " : "",
                 reason ? reason : "") < 0) {
        fputs("out of memory\n", stderr);
        return;
    }
    fprintf(stderr, "%s\n", ir_make_printable(line));
    free(line);
    free(message);
}

void ir_before_dying(void (*run)(void *), void *context)
{
    before_dying.run = run;
    before_dying.context = context;
}

void ir_when_dying(void (*before)(void), void (*last)(int status))
{
    first_of_all = before;
    last_of_all = last;
}

/* Only the first thread that fails goes on from here. What is unfinished goes at once: on a full
 * disk the reason may have no room but that. */
static void begin_end(void)
{
    void (*run)(void *) = before_dying.run;
    before_dying.run = NULL; /* it may fail itself */
    if (run)
        run(before_dying.context);
    while (atomic_flag_test_and_set(&ending))
        pause();
    ir_cleanup();
    if (first_of_all)
        first_of_all();
}

static _Noreturn void end(int status)
{
    if (ftrylockfile(stdout) == 0)
        fflush_unlocked(stdout);
    if (last_of_all)
        last_of_all(status);
    _exit(status);
}

void ir_die(const char *format, ...)
{
    begin_end();
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments, NULL);
    va_end(arguments);
    end(1);
}

void ir_die_errno(const char *format, ...)
{
    const char *reason = strerror(errno);
    begin_end();
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments, reason);
    va_end(arguments);
    end(1);
}

void ir_usage_die(const char *format, ...)
{
    begin_end();
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments, NULL);
    va_end(arguments);
    fprintf(stderr, "Try '%s -h'.\n", program_name);
    end(2);
}

void ir_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments, NULL);
    va_end(arguments);
}

void ir_print_help(const char *usage)
{
    fputs(usage, stdout);
    ir_flush(stdout, "standard output");
    exit(0);
}

void ir_print_version(void)
{
    printf("%s (irtools) %s\n", program_name, IR_VERSION);
    ir_flush(stdout, "standard output");
    exit(0);
}
