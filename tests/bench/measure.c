/* Runs a command and appends what it took to a file: seconds on the clock, seconds of processor
 * time, MiB of resident memory at the peak, and seconds until the first byte of its output.
 *
 *     bench-measure FILE COMMAND [ARGUMENT ...]
 *
 * The output passes through. Exit status: the command's, or 1. A small program of its own, since a
 * process starts with the peak of the one that it was forked from. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* The command, its output in a pipe whose reading end is *out. */
static pid_t start(char **command, int *out)
{
    int ends[2];
    if (pipe(ends) != 0)
        fail("bench-measure: pipe");
    pid_t pid = fork();
    if (pid < 0)
        fail("bench-measure: fork");
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* Hands everything on; the time at which the first of it came, or -1. */
static double pass(int from)
{
    static char buffer[1 << 16];
    double first = -1;
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        if (first < 0)
            first = now();
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));
            if (put < 0)
                fail("bench-measure: standard output");
            done += put;
        }
    }
    return first;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int out, status;
    if (argc < 3) {
        fputs("usage: bench-measure FILE COMMAND [ARGUMENT ...]\n", stderr);
        return 2;
    }
    double begin = now();
    pid_t pid = start(argv + 2, &out);
    double first = pass(out);
    if (wait4(pid, &status, 0, &used) != pid)
        fail("bench-measure: wait4");
    double end = now();
    FILE *file = fopen(argv[1], "a");
    if (!file)
        fail(argv[1]);
    fprintf(file, "%.6f %.6f %.2f %.6f\n", end - begin,
            seconds(used.ru_utime) + seconds(used.ru_stime), (double)used.ru_maxrss / 1024,
            (first < 0 ? end : first) - begin);
    if (fclose(file) != 0)
        fail(argv[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
