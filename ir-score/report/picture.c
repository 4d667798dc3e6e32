/* PNG files come from netpbm's pnmtopng. */
#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "html.h"

extern char **environ;

static pid_t start(int input, int output)
{
    char *arguments[] = {"pnmtopng", "-quiet", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    errno = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno == ENOENT)
        ir_die("pnmtopng (netpbm), which makes the report's pictures, is not installed");
    if (errno != 0)
        ir_die_errno("pnmtopng");
    return child;
}

/* Everything that comes from there; its length in *bytes. */
static unsigned char *read_all(int from, size_t *bytes)
{
    enum { STEP = 16384 };
    unsigned char *data = NULL;
    size_t n = 0;
    ssize_t got;

    do {
        data = ir_realloc(data, n + STEP, 1);
        got = read(from, data + n, STEP);
        if (got < 0 && errno != EINTR)
            ir_die_errno("pnmtopng");
        n += got > 0 ? (size_t)got : 0;
    } while (got != 0);
    *bytes = n;
    return data;
}

/* The picture through a temporary file, since a pipe that both ends fill would stand still. */
static unsigned char *make_png(const unsigned char *rgb, int width, int height, size_t *bytes)
{
    FILE *pixels = tmpfile();
    int ends[2], status = 0;
    unsigned char *png;
    pid_t child;

    if (pixels == NULL || pipe2(ends, O_CLOEXEC) != 0)
        ir_die_errno("a temporary file");
    fprintf(pixels, "P6\n%d %d\n255\n", width, height);
    fwrite(rgb, 3, (size_t)width * (size_t)height, pixels);
    ir_flush(pixels, "a temporary file");
    if (lseek(fileno(pixels), 0, SEEK_SET) != 0)
        ir_die_errno("a temporary file");
    child = start(fileno(pixels), ends[1]);
    close(ends[1]);
    png = read_all(ends[0], bytes);
    close(ends[0]);
    fclose(pixels);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (*bytes == 0 || status != 0)
        ir_die("pnmtopng made no picture");
    return png;
}

static void write_base64(FILE *file, const unsigned char *data, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;

        three |= i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0;
        three |= i + 2 < n ? data[i + 2] : 0;
        fputc(digit[three >> 18], file);
        fputc(digit[three >> 12 & 63], file);
        fputc(i + 1 < n ? digit[three >> 6 & 63] : '=', file);
        fputc(i + 2 < n ? digit[three & 63] : '=', file);
    }
}

/* Two pixels away from what it surrounds, as far as the picture goes. */
static void write_mark(FILE *file, const mark *m, window w)
{
    const ir_component *c = m->component;
    int left = c->left - w.left - 2, right = c->left - w.left + c->width + 2;
    int top = c->top - w.top - 2, bottom = c->top - w.top + c->height + 2;

    if (right <= 2 || bottom <= 2 || left >= w.width - 2 || top >= w.height - 2)
        return; /* outside */
    html(file, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", m->style, left,
         top, right - left, bottom - top);
}

void picture_write(FILE *file, const unsigned char *rgb, window w, const mark *marks, size_t n,
                   const char *alt)
{
    size_t bytes;
    unsigned char *png = make_png(rgb, w.width, w.height, &bytes);

    html(file,
         "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
         "<image width=\"%d\" height=\"%d\" href=\"data:image/png;base64,",
         w.width, w.height, alt, w.width, w.height);
    write_base64(file, png, bytes);
    fputs("\"/>", file);
    for (size_t i = 0; i < n; i++)
        write_mark(file, &marks[i], w);
    fputs("</svg>\n", file);
    free(png);
}
