/* Where a program's images go: standard output, or a directory of files that are whole or absent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/output.h"
#include "base/philox.h"
#include "stream/stream.h"

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

static void put_file(ir_sink *sink, const ir_image *im)
{
    if (ir_tally_count(sink->names, im->name) > 0)
        ir_die("%s: two images of this name cannot both go to %s", im->name, sink->directory);
    char *path = ir_format("%s/%s.pgm", sink->directory, im->name);
    ir_output out = ir_output_open(path);
    ir_image_write(out.file, path, im);
    ir_output_close(&out);
    free(path);
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
