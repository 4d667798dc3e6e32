/* Masks, soft maps, features and target lists. */
#include "detection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/lines.h"
#include "outlines.h"

struct writer {
    ir_sink *sink; /* NULL: pictures alone are written */
    overlay *pictures;
    bool targets;
    bool files;   /* into a directory */
    bool started; /* standard output has its header */
};

void map_resize(map *m, int width, int height)
{
    size_t count = (size_t)width * (size_t)height;
    if (count > m->capacity) {
        free(m->value);
        m->value = ir_realloc(NULL, count, sizeof *m->value);
        m->capacity = count;
    }
    m->width = width;
    m->height = height;
}

void map_find_range(map *m)
{
    size_t count = (size_t)m->width * (size_t)m->height;
    m->low = m->high = m->value[0];
    for (size_t i = 0; i < count; i++) {
        m->low = fmin(m->low, m->value[i]);
        m->high = fmax(m->high, m->value[i]);
    }
}

void map_free(map *m)
{
    free(m->value);
    *m = (map){0};
}

/* 0 at the map's low end, 1 at its high end; 0 for a map without a range. */
static double scaled(const map *m, double value)
{
    return m->high > m->low ? (value - m->low) / (m->high - m->low) : 0;
}

static void make_mask(ir_image *im, const map *m)
{
    size_t count = (size_t)m->width * (size_t)m->height;
    im->maxval = 255;
    for (size_t i = 0; i < count; i++)
        im->pixel[i] = m->value[i] > m->threshold ? 255 : 0;
}

static void make_soft(ir_image *im, const map *m, int depth)
{
    size_t count = (size_t)m->width * (size_t)m->height;
    im->maxval = (1 << depth) - 1;
    for (size_t i = 0; i < count; i++)
        im->pixel[i] = (uint16_t)lrint(scaled(m, m->value[i]) * im->maxval);
}

static ir_target make_target(const ir_component *c)
{
    return (ir_target){.x = c->column,
                       .y = c->row,
                       .left = c->left,
                       .top = c->top,
                       .width = c->width,
                       .height = c->height,
                       .area = c->area};
}

/* A target's score is the largest scaled value in it. */
static void find_scores(detection *d, const map *m)
{
    size_t count;
    const ir_run *run = ir_components_runs(d->components, &count);
    for (size_t i = 0; i < count; i++) {
        const float *row = m->value + (size_t)run[i].row * (size_t)m->width;
        ir_target *target = &d->target[run[i].component];

        for (int x = run[i].first; x < run[i].end; x++)
            target->score = fmax(target->score, scaled(m, row[x]));
    }
}

/* image holds the mask. */
static void make_targets(detection *d, const map *m)
{
    if (!d->components)
        d->components = ir_components_new();
    d->targets = ir_components_find(d->components, d->image.pixel, m->width, m->height, 1);
    if (d->targets > d->capacity) {
        d->target = ir_realloc(d->target, (size_t)d->targets, sizeof *d->target);
        d->capacity = d->targets;
    }
    for (int i = 0; i < d->targets; i++)
        d->target[i] = make_target(ir_components_at(d->components, i));
    find_scores(d, m);
}

void detection_make(detection *d, const options *o, const map *m, const char *name)
{
    ir_image_set_name(&d->image, name);
    ir_image_resize(&d->image, m->width, m->height);
    if (o->output == OUTPUT_SOFT || o->output == OUTPUT_FEATURE)
        make_soft(&d->image, m, o->depth);
    else
        make_mask(&d->image, m);
    if (o->output == OUTPUT_TARGETS || o->overlay)
        make_targets(d, m);
}

void detection_free(detection *d)
{
    ir_image_free(&d->image);
    ir_components_free(d->components);
    free(d->target);
    *d = (detection){0};
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_header(FILE *file)
{
    fputs("# name\tx\ty\tleft\ttop\twidth\theight\tarea\tscore\n", file);
}

static void write_targets(FILE *file, const detection *d)
{
    for (int i = 0; i < d->targets; i++)
        ir_target_write(file, d->image.name, &d->target[i]);
}

/* Pictures and masks are both NAME.png, and cannot lie in one directory. */
static void check_apart(const options *o)
{
    struct stat masks, pictures;
    if (o->png && o->directory && o->output != OUTPUT_TARGETS && stat(o->directory, &masks) == 0 &&
        stat(o->overlay, &pictures) == 0 && masks.st_dev == pictures.st_dev &&
        masks.st_ino == pictures.st_ino)
        ir_die("%s: pictures and masks would be the same files (--overlay needs a directory of its "
               "own)",
               o->overlay);
}

writer *writer_open(const options *o, const ir_stream *stream)
{
    writer *w = ir_calloc(1, sizeof *w);
    w->targets = o->output == OUTPUT_TARGETS;
    w->files = o->directory != NULL;
    if (w->files || !o->overlay || strcmp(o->overlay, "-") != 0)
        w->sink = ir_sink_open(o->directory, o->root, stream,
                               w->targets ? "tsv"
                               : o->png   ? "png"
                                          : "pgm");
    if (o->overlay) {
        w->pictures = overlay_open(o, stream);
        check_apart(o);
    }
    if (w->targets && !w->files && w->sink)
        ir_lines_on_stdout();
    return w;
}

static void put_targets(writer *w, const detection *d)
{
    if (w->files) {
        ir_output out = ir_sink_file(w->sink, d->image.name);
        write_header(out.file);
        write_targets(out.file, d);
        ir_output_close(&out);
        return;
    }
    if (!w->started)
        write_header(stdout);
    w->started = true;
    write_targets(stdout, d);
    ir_flush(stdout, "standard output");
}

void writer_put(writer *w, const detection *d, const ir_image *frame)
{
    if (w->sink && w->targets)
        put_targets(w, d);
    else if (w->sink)
        ir_sink_put(w->sink, &d->image);
    if (w->pictures)
        overlay_put(w->pictures, frame, d);
}

void writer_close(writer *w)
{
    ir_flush(stdout, "standard output");
    ir_sink_close(w->sink);
    overlay_close(w->pictures);
    free(w);
}
