/* What it takes to read files and do nothing: bench-reading < PATHS
 *
 * Opens every file of a list, reads it into one buffer and closes it. Prints milliseconds of
 * processor time a file. */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

static void read_file(const char *path)
{
    static char buffer[1 << 20];
    int file = open(path, O_RDONLY);
    ssize_t got;
    if (file < 0)
        ir_die_errno("%s", path);
    while ((got = read(file, buffer, sizeof buffer)) > 0)
        continue;
    if (got < 0 || close(file) != 0)
        ir_die_errno("%s", path);
}

int main(void)
{
    char path[4096];
    struct timespec t;
    long files = 0;
    ir_start("bench-reading");
    for (; fgets(path, sizeof path, stdin); files++) {
        path[strcspn(path, "\n")] = '\0';
        read_file(path);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    printf("%.6f\n", 1e3 * ((double)t.tv_sec + 1e-9 * (double)t.tv_nsec) / (double)files);
    ir_flush(stdout, "standard output");
    return 0;
}
