/* Where a program's images go: standard output, or a directory of files that are whole or absent.
 *
 * Below the directory no link is followed: sub-directories are opened one by one, and a file is
 * made under another name and renamed. So nothing is written elsewhere, whatever was there. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/name_counter.h"
#include "stream/output_plan.h"
#include "stream/picture.h"
#include "stream/png.h"
#include "stream/stream.h"

struct ir_sink {
    char *directory; /* NULL: standard output */
    const char *extension;
    int top; /* the directory, open */
    ir_plan *plan;
    char *folder; /* where the last file went, below the directory, and that open */
    int folder_open;
    ir_name_counter *names;
};

static void make_directory(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return;
    int reason = errno;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return;
    errno = reason;
    ir_die_errno("%s", path);
}

ir_sink *ir_sink_open(const char *directory, const char *root, const ir_stream *names,
                      const char *extension)
{
    ir_sink *sink = ir_calloc(1, sizeof *sink);
    sink->extension = extension;
    if (!directory)
        return sink;
    sink->directory = ir_strdup(directory);
    if (names) {
        sink->plan = ir_plan_new(names, sink->directory, root, extension);
        ir_plan_spare(sink->plan, names);
    }
    make_directory(directory);
    sink->top = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (sink->top < 0)
        ir_die_errno("%s", directory);
    sink->folder = ir_strdup("");
    sink->folder_open = sink->top;
    sink->names = ir_name_counter_new();
    return sink;
}

void ir_sink_spare(const ir_sink *sink, const ir_stream *stream)
{
    if (sink->plan)
        ir_plan_spare(sink->plan, stream);
}

/* ---- sub-directories ------------------------------------------------------------------------- */

static void close_folder(ir_sink *sink)
{
    if (sink->folder_open != sink->top)
        close(sink->folder_open);
    sink->folder_open = sink->top;
}

/* One directory further down, made when it is missing. */
static int descend(const ir_sink *sink, int from, const char *word, const char *folder)
{
    if (mkdirat(from, word, 0777) != 0 && errno != EEXIST)
        ir_die_errno("%s/%s", sink->directory, folder);
    int to = openat(from, word, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0 && errno == ENOTDIR)
        ir_die("%s/%s: '%s' is a link or a file, where a directory of the output should be",
               sink->directory, folder, word);
    if (to < 0)
        ir_die_errno("%s/%s", sink->directory, folder);
    return to;
}

/* Opens the sub-directory, which is the last image's as a rule. */
static void enter(ir_sink *sink, const char *folder)
{
    if (strcmp(folder, sink->folder) == 0)
        return;
    close_folder(sink);
    free(sink->folder);
    sink->folder = ir_strdup(folder);
    char *words = ir_strdup(folder), *rest = words, *word;
    while (*folder && (word = strsep(&rest, "/"))) {
        int next = descend(sink, sink->folder_open, word, folder);
        close_folder(sink);
        sink->folder_open = next;
    }
    free(words);
}

/* ---- files ----------------------------------------------------------------------------------- */

ir_output ir_sink_file(ir_sink *sink, const char *name)
{
    const char *folder = sink->plan ? ir_plan_folder(sink->plan, name) : "";
    char *path = ir_format("%s/%s%s%s.%s", sink->directory, folder, *folder ? "/" : "", name,
                           sink->extension);
    if (ir_count_name(sink->names, path) > 0)
        ir_die("%s: two images of this name cannot both go to %s", name, sink->directory);
    enter(sink, folder);
    ir_output out = ir_output_open_at(sink->folder_open, path);
    free(path);
    return out;
}

static bool is_png(const ir_sink *sink)
{
    return strcmp(sink->extension, "png") == 0;
}

/* Where the next image goes: its file, or standard output. */
static ir_output next_output(ir_sink *sink, const char *name)
{
    return sink->directory ? ir_sink_file(sink, name) : ir_output_open(NULL);
}

static const char *label(const ir_output *out)
{
    return out->path ? out->path : "standard output";
}

void ir_sink_put(ir_sink *sink, const ir_image *im)
{
    ir_output out = next_output(sink, im->name);
    if (is_png(sink))
        ir_png_write(out.file, label(&out), im);
    else
        ir_image_write(out.file, label(&out), im);
    ir_output_close(&out);
}

void ir_sink_put_rgb(ir_sink *sink, const char *name, const ir_picture *picture)
{
    ir_output out = next_output(sink, name);
    if (is_png(sink))
        ir_png_write_rgb(out.file, label(&out), picture->width, picture->height, picture->rgb);
    else
        ir_picture_write_ppm(picture, out.file, label(&out));
    ir_output_close(&out);
}

/* Syncs all files together; a sync for each would take most of the time. A directory that cannot be
 * read cannot be synced by itself. */
static void sync_files(const ir_sink *sink)
{
    int fd = openat(sink->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        sync();
    else if (syncfs(fd) != 0)
        ir_die_errno("%s", sink->directory);
    if (fd >= 0)
        close(fd);
}

void ir_sink_close(ir_sink *sink)
{
    if (!sink)
        return;
    if (sink->directory) {
        sync_files(sink);
        close_folder(sink);
        close(sink->top);
    }
    ir_plan_free(sink->plan);
    ir_name_counter_free(sink->names);
    free(sink->folder);
    free(sink->directory);
    free(sink);
}
