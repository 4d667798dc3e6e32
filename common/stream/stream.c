/* Operands as one stream of images: see stream.h. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stream/source.h"
#include "stream/stream_order.h"

typedef struct {
    size_t *index; /* of paths */
    size_t length;
    bool single; /* a file with several images is an error */
} sequence;

struct ir_stream {
    ir_paths paths;
    sequence now, next; /* index NULL: the paths as they stand */
    size_t position;    /* in the sequence */
    ir_source *source;  /* NULL: the path at position is not open yet */
    FILE *standard_input;
    unsigned long image; /* images read from the source */
    char *where;
    int maxval; /* 0: the file's */
};

ir_stream *ir_stream_new(void)
{
    return ir_calloc(1, sizeof(ir_stream));
}

enum ir_operand_kind ir_stream_add(ir_stream *stream, const char *operand)
{
    if (strcmp(operand, "-") == 0)
        stream->standard_input = ir_open_in("-"); /* at once: a second '-' is an error early */
    return ir_paths_add(&stream->paths, operand);
}

ir_stream *ir_stream_open(int operands, char *const *operand)
{
    ir_stream *stream = ir_stream_new();
    if (operands == 0)
        ir_stream_add(stream, "-");
    for (int i = 0; i < operands; i++)
        ir_stream_add(stream, operand[i]);
    return stream;
}

const ir_paths *ir_stream_paths(const ir_stream *stream)
{
    return &stream->paths;
}

static const ir_path *current(const ir_stream *stream)
{
    const sequence *now = &stream->now;
    size_t i = now->index ? now->index[stream->position] : stream->position;
    return &stream->paths.item[i];
}

static size_t length(const ir_stream *stream)
{
    return stream->now.index ? stream->now.length : stream->paths.count;
}

static bool is_stdin(const ir_path *path)
{
    return strcmp(path->path, "-") == 0;
}

static void open_file(ir_stream *stream, const ir_path *path)
{
    FILE *file = is_stdin(path) ? stream->standard_input : ir_open_in(path->path);
    stream->source = ir_source_open(file, is_stdin(path) ? "standard input" : path->path);
    stream->image = 0;
}

static void close_file(ir_stream *stream)
{
    ir_source_close(stream->source);
    stream->source = NULL;
}

/* "frames/a.pgm" and "frames/a.pgm#2"; "stdin#1" */
static void set_where(ir_stream *stream, const ir_path *path)
{
    const char *base = is_stdin(path) ? path->name : path->path;
    free(stream->where);
    stream->where = stream->image > 1 || is_stdin(path) ? ir_format("%s#%lu", base, stream->image)
                                                        : ir_strdup(base);
}

static void set_name(const ir_stream *stream, const ir_path *path, ir_image *im)
{
    if (stream->image == 1 && !is_stdin(path)) {
        ir_image_set_name(im, path->name);
        return;
    }
    char *name = ir_format("%s#%lu", path->name, stream->image);
    ir_image_set_name(im, name);
    free(name);
}

static void apply_maxval(const ir_stream *stream, ir_image *im)
{
    size_t pixels = (size_t)im->width * (size_t)im->height;
    for (size_t i = 0; i < pixels; i++)
        if (im->pixel[i] > stream->maxval)
            ir_die("%s: a sample is %d, above the maxval %d given", stream->where, im->pixel[i],
                   stream->maxval);
    im->maxval = stream->maxval;
}

/* The next image of the open file; false at its end. */
static bool read_image(ir_stream *stream, const ir_path *path, ir_image *im)
{
    stream->image++;
    set_where(stream, path);
    if (!ir_source_next(stream->source, stream->where, im)) {
        if (stream->image == 1)
            ir_die("%s: no image in it", is_stdin(path) ? "standard input" : path->path);
        return false;
    }
    if (stream->now.single && stream->image > 1)
        ir_usage_die("%s: several images in one file cannot be shuffled", path->path);
    set_name(stream, path, im);
    if (stream->maxval)
        apply_maxval(stream, im);
    return true;
}

bool ir_stream_next(ir_stream *stream, ir_image *im)
{
    while (stream->position < length(stream)) {
        const ir_path *path = current(stream);
        if (!stream->source)
            open_file(stream, path);
        if (read_image(stream, path, im))
            return true;
        close_file(stream);
        stream->position++;
    }
    return false;
}

void ir_stream_set_maxval(ir_stream *stream, int maxval)
{
    stream->maxval = maxval;
}

long ir_stream_count(const ir_stream *stream)
{
    return stream->paths.once ? -1 : (long)stream->paths.count;
}

void ir_stream_start(ir_stream *stream)
{
    close_file(stream);
    stream->position = 0;
    if (stream->next.index) {
        free(stream->now.index);
        stream->now = stream->next;
        stream->next = (sequence){0};
    }
}

void ir_stream_rewind(ir_stream *stream)
{
    if (stream->paths.once)
        ir_usage_die("standard input or a pipe cannot be read a second time");
    ir_stream_start(stream);
}

void ir_stream_set_sequence(ir_stream *stream, const size_t *index, size_t n, bool single)
{
    free(stream->next.index);
    stream->next = (sequence){ir_malloc(n * sizeof *index), n, single};
    memcpy(stream->next.index, index, n * sizeof *index);
}

void ir_stream_set_order(ir_stream *stream, const size_t *order)
{
    ir_stream_set_sequence(stream, order, stream->paths.count, true);
}

void ir_stream_close(ir_stream *stream)
{
    if (!stream)
        return;
    close_file(stream);
    ir_paths_free(&stream->paths);
    free(stream->now.index);
    free(stream->next.index);
    free(stream->where);
    free(stream);
}
