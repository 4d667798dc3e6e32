/* The gallery: frames beside their corruption, their truth and what each run found there. */
#include <stdlib.h>
#include <string.h>

#include "../match.h"
#include "gallery.h"
#include "html.h"
#include "inline_picture.h"
#include "received.h"
#include "section.h"
#include "stream/mask.h"
#include "stream/stream.h"

enum { SIDE = 64 };

/* One corrupted frame as a run saw it. */
typedef struct {
    const run *r;
    size_t row;
    ir_image frame, corrupted, truth;
    ir_components *targets;
    int low, high; /* the frame's least and largest sample */
    window shown;
    const char *missing; /* the column whose file is not here; NULL: all are */
} view;

/* What a run found in it. */
typedef struct {
    ir_image mask;
    ir_components *detections;
    int *of_target;  /* by target the detection it took, -1: none */
    bool *is_target; /* by detection, whether a target took it */
} finding;

static const char *text(const run *r, size_t row, const char *column)
{
    return tsv_text(r->images, row, tsv_need(r->images, column));
}

/* Closes the file. */
static void read_image(FILE *file, const char *path, ir_image *im)
{
    if (!ir_image_read(file, path, im))
        ir_die("%s: no image in it", path);
    fclose(file);
    ir_image_set_name(im, path);
}

/* RUN/scored/KIND/NAME.pgm */
static void read_scored(const run *r, size_t row, const char *kind, ir_image *im)
{
    char *name = ir_format("scored/%s/%s.pgm", kind, text(r, row, "name"));
    char *path = ir_format("%s/%s", r->path, name);
    FILE *file = received_open_within(r->path, name);
    if (!file)
        ir_die("%s: No such file or directory", path);
    read_image(file, path, im);
    free(path);
    free(name);
}

/* A file of the data set that the run was scored on; false: it is not on this machine. */
static bool read_data(const run *r, size_t row, const char *column, ir_image *im)
{
    const char *path = text(r, row, column);
    FILE *file = received_open(path);
    if (!file)
        return false;
    read_image(file, path, im);
    return true;
}

/* Without the frame or its truth there is nothing to see: v.missing says which, and no more is
 * read. */
static view view_open(const run *r, size_t row)
{
    view v = {.r = r, .row = row, .targets = ir_components_new()};
    size_t pixels;
    v.missing = !read_data(r, row, "frame", &v.frame)   ? "frame"
                : !read_data(r, row, "truth", &v.truth) ? "truth"
                                                        : NULL;
    if (v.missing)
        return v;
    ir_mask_make_binary(&v.truth);
    read_scored(r, row, "corrupted", &v.corrupted);
    ir_check_same_size(&v.corrupted, &v.frame, "the frame", NULL);
    ir_check_same_size(&v.corrupted, &v.truth, "the true mask", NULL);
    ir_components_find(v.targets, v.truth.pixel, v.truth.width, v.truth.height,
                       v.truth.maxval / 2 + 1);
    pixels = (size_t)v.frame.width * (size_t)v.frame.height;
    v.low = v.high = v.frame.pixel[0];
    for (size_t i = 1; i < pixels; i++) {
        v.low = v.frame.pixel[i] < v.low ? v.frame.pixel[i] : v.low;
        v.high = v.frame.pixel[i] > v.high ? v.frame.pixel[i] : v.high;
    }
    return v;
}

static void view_close(view *v)
{
    ir_image_free(&v->frame);
    ir_image_free(&v->corrupted);
    ir_image_free(&v->truth);
    ir_components_free(v->targets);
}

static finding find(const view *v, const run *r, size_t row)
{
    finding f = {.detections = ir_components_new()};
    int targets = ir_components_count(v->targets);
    read_scored(r, row, "found", &f.mask);
    ir_check_same_size(&f.mask, &v->corrupted, "the corrupted frame", NULL);
    ir_components_find(f.detections, f.mask.pixel, f.mask.width, f.mask.height,
                       f.mask.maxval / 2 + 1);
    f.of_target = ir_calloc((size_t)targets + 1, sizeof *f.of_target);
    f.is_target = ir_calloc((size_t)ir_components_count(f.detections) + 1, sizeof *f.is_target);
    match_distance(v->targets, f.detections, f.of_target);
    for (int t = 0; t < targets; t++)
        if (f.of_target[t] >= 0)
            f.is_target[f.of_target[t]] = true;
    return f;
}

static void finding_free(finding *f)
{
    ir_image_free(&f->mask);
    ir_components_free(f->detections);
    free(f->of_target);
    free(f->is_target);
}

/* ---- where to look ---- */

static const ir_component *largest_alarm(const finding *f)
{
    const ir_component *largest = NULL;
    for (int d = 0; d < ir_components_count(f->detections); d++) {
        const ir_component *c = ir_components_at(f->detections, d);

        if (!f->is_target[d] && (!largest || c->area > largest->area))
            largest = c;
    }
    return largest;
}

/* The first target that this run missed and, with another, the other hit; else the first. */
static const ir_component *missed_target(const view *v, const finding *f, const finding *other)
{
    for (int t = 0; t < ir_components_count(v->targets); t++)
        if (f->of_target[t] < 0 && (!other || other->of_target[t] >= 0))
            return ir_components_at(v->targets, t);
    return ir_components_count(v->targets) > 0 ? ir_components_at(v->targets, 0) : NULL;
}

static int clamped(double centre, int side, int whole)
{
    int first = (int)centre - side / 2;
    first = first > whole - side ? whole - side : first;
    return first < 0 ? 0 : first;
}

static window window_around(const view *v, const ir_component *c)
{
    window w = {.width = v->frame.width < SIDE ? v->frame.width : SIDE,
                .height = v->frame.height < SIDE ? v->frame.height : SIDE};
    w.left = clamped(c ? c->column : v->frame.width / 2, w.width, v->frame.width);
    w.top = clamped(c ? c->row : v->frame.height / 2, w.height, v->frame.height);
    return w;
}

/* ---- pictures ---- */

static void mark_targets(const view *v, mark *m)
{
    for (int t = 0; t < ir_components_count(v->targets); t++)
        m[t] = (mark){"target", ir_components_at(v->targets, t)};
}

static void picture(FILE *file, const view *v, const finding *f, const unsigned char *rgb,
                    const char *what)
{
    size_t targets = (size_t)ir_components_count(v->targets), n = targets;
    size_t detections = f ? (size_t)ir_components_count(f->detections) : 0;
    mark *marks = ir_calloc(targets + detections + 1, sizeof *marks);
    mark_targets(v, marks);
    for (size_t d = 0; d < detections; d++)
        if (!f->is_target[d])
            marks[n++] = (mark){"alarm", ir_components_at(f->detections, (int)d)};
    fputs("<figure>", file);
    picture_write(file, rgb, v->shown, marks, n, what);
    html(file, "<figcaption>%s</figcaption></figure>\n", what);
    free(marks);
}

static void grey_picture(FILE *file, const view *v, const ir_image *im, int low, int high,
                         const char *what)
{
    unsigned char rgb[3 * SIDE * SIDE], *p = rgb;
    for (int y = v->shown.top; y < v->shown.top + v->shown.height; y++)
        for (int x = v->shown.left; x < v->shown.left + v->shown.width; x++, p += 3) {
            double sample = im->pixel[(size_t)y * (size_t)im->width + (size_t)x];
            double share = high > low ? (sample - low) / (high - low) : 0;

            memset(p, (int)(255 * (share < 0 ? 0 : share > 1 ? 1 : share) + 0.5), 3);
        }
    picture(file, v, NULL, rgb, what);
}

static void mask_picture(FILE *file, const view *v, const finding *f, const char *what)
{
    static const unsigned char kind[4][3] = {
        {0, 0, 0}, {86, 180, 233}, {230, 159, 0}, {255, 255, 255}}; /* none, missed, false, hit */
    unsigned char rgb[3 * SIDE * SIDE], *p = rgb;
    for (int y = v->shown.top; y < v->shown.top + v->shown.height; y++)
        for (int x = v->shown.left; x < v->shown.left + v->shown.width; x++, p += 3) {
            size_t i = (size_t)y * (size_t)v->truth.width + (size_t)x;

            memcpy(p, kind[ir_image_true(&v->truth, i) + 2 * ir_image_true(&f->mask, i)], 3);
        }
    picture(file, v, f, rgb, what);
}

/* ---- a case ---- */

static void caption(FILE *file, const view *v)
{
    const run *r = v->r;
    double iou = tsv_real(r->images, v->row, tsv_need(r->images, "iou"));
    html(file, "<p><b>%s</b> under %s %s: %s of %s targets found by %s, IoU ",
         text(r, v->row, "name"), text(r, v->row, "corruption"), text(r, v->row, "severity"),
         text(r, v->row, "hits"), text(r, v->row, "targets"), r->name);
    html_real(file, 100 * iou, 1);
    html(file, " %%, %s false-alarm pixels; ", text(r, v->row, "false_alarm_pixels"));
    if (v->missing)
        html(file, "not shown, since %s is not on this machine</p>\n", text(r, v->row, v->missing));
    else
        html(file, "shown: %dx%d pixels from column %d, row %d</p>\n", v->shown.width,
             v->shown.height, v->shown.left, v->shown.top);
}

static void masks(FILE *file, const view *v, const run *r, int n)
{
    for (int i = 0; i < n; i++) {
        long row = r[i].images ? gallery_same(v->r, v->row, &r[i]) : -1;
        finding f;

        if (row < 0)
            continue;
        f = find(v, &r[i], (size_t)row);
        mask_picture(file, v, &f, r[i].name);
        finding_free(&f);
    }
}

/* The part of the frame that shows what happened there. */
static window choose_window(const view *v, gallery which, const run *other)
{
    finding f = find(v, v->r, v->row), g = {0};
    long same = other ? gallery_same(v->r, v->row, other) : -1;
    window w;
    if (same >= 0)
        g = find(v, other, (size_t)same);
    if (which == GALLERY_ALARMS)
        w = window_around(v, largest_alarm(&f));
    else if (which == GALLERY_GAINS)
        w = window_around(v, missed_target(v, &g, &f));
    else
        w = window_around(v, missed_target(v, &f, which == GALLERY_LOSSES ? &g : NULL));
    if (same >= 0)
        finding_free(&g);
    finding_free(&f);
    return w;
}

static void pictures(FILE *file, const view *v, const run *r, int n)
{
    fputs("<div class=\"pictures\">\n", file);
    grey_picture(file, v, &v->frame, v->low, v->high, "frame");
    grey_picture(file, v, &v->corrupted, v->low, v->high, "corrupted");
    grey_picture(file, v, &v->truth, 0, v->truth.maxval, "truth");
    masks(file, v, r, n);
    fputs("</div>", file);
}

static void one_case(FILE *file, gallery which, const run *r, int n, const run *subject, size_t row,
                     const run *other)
{
    view v = view_open(subject, row);
    if (!v.missing)
        v.shown = choose_window(&v, which, other);
    fputs("<div class=\"case\">\n", file);
    caption(file, &v);
    if (!v.missing)
        pictures(file, &v, r, n);
    fputs("</div>\n", file);
    view_close(&v);
}

static void one_gallery(FILE *file, gallery which, const run *r, int n, const run *subject,
                        const run *other)
{
    static const char *const title[GALLERIES] = {"Worst misses of", "Worst false alarms of",
                                                 "Biggest gains of", "Biggest losses of"};
    bool compared = which == GALLERY_GAINS || which == GALLERY_LOSSES;
    size_t row[GALLERY_CASES];
    int cases;
    if (compared && !other)
        return;
    cases = gallery_pick(which, subject, other, row);
    html(file, "<h3>%s %s", title[which], subject->name);
    if (compared)
        html(file, " over %s", other->name);
    fputs("</h3>\n", file);
    if (cases == 0)
        fputs("<p class=\"missing\">None.</p>\n", file);
    for (int i = 0; i < cases; i++)
        one_case(file, which, r, n, subject, row[i], other);
}

void section_gallery(FILE *file, const run *r, int n)
{
    const run *subject = NULL, *other = NULL;
    fputs("<section id=\"gallery\"><h2>Gallery</h2>\n", file);
    for (int i = 0; i < n; i++) {
        if (!r[i].images)
            continue;
        other = other ? other : subject;
        subject = &r[i];
    }
    if (subject)
        fputs("<p>Corrupted test frames, grey from the clean frame's least sample to its largest. "
              "In masks: <span class=\"swatch hit\">&nbsp;</span> true and found, "
              "<span class=\"swatch missed\">&nbsp;</span> true and not found, "
              "<span class=\"swatch false\">&nbsp;</span> found and not true. Boxes: solid around "
              "targets, "
              "dashed around false alarms.</p>\n",
              file);
    for (gallery which = 0; subject && which < GALLERIES; which++)
        one_gallery(file, which, r, n, subject, other);
    for (int i = 0; i < n; i++)
        if (!r[i].images)
            section_missing(file, &r[i], "frames for the gallery", "report");
    fputs("</section>\n", file);
}
