/* Where a program's images go: standard output, or a directory of files that are whole or absent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/philox.h"
#include "stream/stream_order.h"

struct ir_sink {
    char *directory; /* NULL: standard output */
    ir_tally *names;
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

ir_sink *ir_sink_open(const char *directory)
{
    ir_sink *sink = ir_calloc(1, sizeof *sink);
    if (directory) {
        make_directory(directory);
        sink->directory = ir_strdup(directory);
        sink->names = ir_tally_new();
    }
    return sink;
}

void ir_sink_spare(const ir_sink *sink, const ir_stream *stream, const char *extension)
{
    if (!sink->directory)
        return;
    const ir_paths *paths = ir_stream_paths(stream);
    for (size_t i = 0; i < paths->count; i++) {
        struct stat in, out;
        char *target = ir_format("%s/%s.%s", sink->directory, paths->item[i].name, extension);
        if (stat(target, &out) == 0 && stat(paths->item[i].path, &in) == 0 &&
            in.st_dev == out.st_dev && in.st_ino == out.st_ino)
            ir_die("%s: an input that output to %s would overwrite", paths->item[i].path,
                   sink->directory);
        free(target);
    }
}

ir_output ir_sink_file(ir_sink *sink, const char *name, const char *extension)
{
    if (ir_tally_count(sink->names, name) > 0)
        ir_die("%s: two images of this name cannot both go to %s", name, sink->directory);
    char *path = ir_format("%s/%s.%s", sink->directory, name, extension);
    ir_output out = ir_output_open(path);
    free(path);
    return out;
}

static void put_file(ir_sink *sink, const ir_image *im)
{
    ir_output out = ir_sink_file(sink, im->name, "pgm");
    ir_image_write(out.file, out.path, im);
    ir_output_close(&out);
}

void ir_sink_put(ir_sink *sink, const ir_image *im)
{
    if (sink->directory) {
        put_file(sink, im);
    } else {
        ir_image_write(stdout, "standard output", im);
        ir_flush(stdout, "standard output");
    }
}

void ir_sink_close(ir_sink *sink)
{
    if (!sink)
        return;
    ir_tally_free(sink->names);
    free(sink->directory);
    free(sink);
}
