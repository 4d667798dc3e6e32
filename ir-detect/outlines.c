/* Outlines and scores on frames: see outlines.h. */
#include "outlines.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stream/components.h"

struct overlay {
    ir_sink *sink;
    ir_picture picture;
    unsigned char *near; /* of each pixel: what it is to the targets */
    size_t capacity;
};

static const ir_colour bright = {255, 214, 0}, dark = {0, 0, 0};

overlay *overlay_open(const options *o, const ir_stream *stream)
{
    const bool in_files = strcmp(o->overlay, "-") != 0;
    overlay *ov = ir_calloc(1, sizeof *ov);
    ov->sink = ir_sink_open(in_files ? o->overlay : NULL, in_files ? o->root : NULL, stream,
                            in_files || o->png ? "png" : "ppm");
    return ov;
}

void overlay_close(overlay *ov)
{
    if (!ov)
        return;
    ir_sink_close(ov->sink);
    ir_picture_free(&ov->picture);
    free(ov->near);
    free(ov);
}

/* ---- the frame ------------------------------------------------------------------------------- */

/* The smallest sample that more than so many others of the histogram are not above. */
static int level_of(const size_t *histogram, size_t count)
{
    int level = 0;
    for (size_t seen = histogram[0]; seen <= count && level < UINT16_MAX; seen += histogram[level])
        level++;
    return level;
}

/* The samples to draw as black and white: the whole range of an 8-bit frame. Cameras seldom fill
 * more bits; for these, the range without the darkest and the brightest thousandth of the pixels.
 * */
static void find_range(const ir_image *frame, int *black, int *white)
{
    const size_t pixels = (size_t)frame->width * (size_t)frame->height;
    size_t *histogram;
    *black = 0;
    *white = frame->maxval;
    if (frame->maxval <= 255)
        return;
    histogram = ir_calloc(UINT16_MAX + 1, sizeof *histogram);
    for (size_t i = 0; i < pixels; i++)
        histogram[frame->pixel[i]]++;
    *black = level_of(histogram, pixels / 1000);
    *white = level_of(histogram, pixels - 1 - pixels / 1000);
    free(histogram);
    if (*white <= *black)
        *white = *black + 1;
}

/* How many pixels a line is thick, and a dot of a digit: more on frames that are looked at from
 * further away. */
static int thickness(const ir_picture *p)
{
    const int side = p->width < p->height ? p->width : p->height;
    return side < 1024 ? 1 : side / 512;
}

/* ---- outlines -------------------------------------------------------------------------------- */

enum { FAR, ON_OUTLINE, NEAR };

/* Gives the pixels that are at most `reach` away from the runs, in rows and columns, that value;
 * rounded: but not those at the corners. */
static void surround(overlay *ov, const detection *d, int reach, bool rounded, unsigned char value)
{
    const int width = ov->picture.width, height = ov->picture.height;
    size_t count;
    const ir_run *run = ir_components_runs(d->components, &count);
    for (size_t i = 0; i < count; i++) {
        for (int dy = -reach; dy <= reach; dy++) {
            const int side = rounded && abs(dy) == reach ? reach - 1 : reach;
            const int left = run[i].first - side < 0 ? 0 : run[i].first - side;
            const int end = run[i].end + side > width ? width : run[i].end + side;
            const int y = run[i].row + dy;

            if (y >= 0 && y < height)
                memset(ov->near + (size_t)y * (size_t)width + (size_t)left, value,
                       (size_t)(end - left));
        }
    }
}

/* A line around each target, with a line of the frame in between. */
static void draw_outlines(overlay *ov, const detection *d)
{
    const int width = ov->picture.width, height = ov->picture.height;
    const int thick = thickness(&ov->picture);
    const size_t pixels = (size_t)width * (size_t)height;
    if (pixels > ov->capacity) {
        free(ov->near);
        ov->near = ir_malloc(pixels);
        ov->capacity = pixels;
    }
    memset(ov->near, FAR, pixels);
    surround(ov, d, 2 * thick, true, ON_OUTLINE);
    surround(ov, d, thick, false, NEAR);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (ov->near[(size_t)y * (size_t)width + (size_t)x] == ON_OUTLINE)
                ir_picture_set(&ov->picture, x, y, bright);
}

/* ---- scores ---------------------------------------------------------------------------------- */

enum { DIGIT_WIDTH = 5, DIGIT_HEIGHT = 7, DOT_WIDTH = 1, SPACE = 1 };

/* Seven rows each, the highest of five bits on the left. */
static const unsigned char digits[10][DIGIT_HEIGHT] = {
    {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}, {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
    {0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f}, {0x0e, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0e},
    {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}, {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
    {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}, {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
    {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}, {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}};

static int width_of(char c)
{
    return (c == '.' ? DOT_WIDTH : DIGIT_WIDTH) + SPACE;
}

static bool is_inked(char c, int x, int y)
{
    if (c == '.')
        return y == DIGIT_HEIGHT - 1;
    return digits[c - '0'][y] >> (DIGIT_WIDTH - 1 - x) & 1;
}

/* The text's dots, each grown by `halo` pixels. */
static void draw_text(ir_picture *p, const char *text, int left, int top, int halo,
                      ir_colour colour)
{
    const int dot = thickness(p);
    for (; *text != '\0'; left += dot * width_of(*text++))
        for (int y = 0; y < DIGIT_HEIGHT; y++)
            for (int x = 0; x < width_of(*text) - SPACE; x++)
                for (int i = -halo; is_inked(*text, x, y) && i < dot + halo; i++)
                    for (int k = -halo; k < dot + halo; k++)
                        ir_picture_set(p, left + dot * x + k, top + dot * y + i, colour);
}

typedef struct {
    int left, top, width, height;
} box;

static bool overlap(const box *a, const box *b)
{
    return a->left < b->left + b->width && b->left < a->left + a->width &&
           a->top < b->top + b->height && b->top < a->top + a->height;
}

/* A target with its outline. */
static box box_of(const ir_target *t, int thick)
{
    const int margin = 2 * thick;
    return (box){t->left - margin, t->top - margin, t->width + 2 * margin, t->height + 2 * margin};
}

static bool lies_within(const ir_picture *p, const box *b)
{
    return b->left >= 1 && b->top >= 1 && b->left + b->width < p->width &&
           b->top + b->height < p->height;
}

/* Whether a label there would hide a target or one of the labels that are there, of the targets
 * before this one. */
static bool hides(const box *where, const detection *d, const box *label, int labels, int thick)
{
    for (int i = 0; i < d->targets; i++) {
        const box target = box_of(&d->target[i], thick);
        if (overlap(where, &target) || (i < labels && overlap(where, &label[i])))
            return true;
    }
    return false;
}

/* Where target i's label goes: to its right, left, above or below, the first of these that lies in
 * the picture and hides nothing, else the first that lies in the picture. */
static box place(const ir_picture *p, const detection *d, const box *label, int i, int width,
                 int height)
{
    enum { MANY = 500 }; /* labels, of which nobody will read one */
    const int thick = thickness(p), gap = 2 + thick;
    const box t = box_of(&d->target[i], thick);
    const int x = t.left + (t.width - width) / 2, y = t.top + (t.height - height) / 2;
    const box place[] = {{t.left + t.width + gap, y, width, height},
                         {t.left - gap - width, y, width, height},
                         {x, t.top - gap - height, width, height},
                         {x, t.top + t.height + gap, width, height}};
    const box *inside = &place[0];

    for (int k = 3; k >= 0; k--)
        if (lies_within(p, &place[k]))
            inside = &place[k];
    for (int k = 0; k < 4 && d->targets < MANY; k++)
        if (lies_within(p, &place[k]) && !hides(&place[k], d, label, i, thick))
            return place[k];
    return *inside;
}

static void draw_scores(ir_picture *p, const detection *d)
{
    const int dot = thickness(p);
    box *label = ir_calloc((size_t)d->targets + 1, sizeof *label);
    for (int i = 0; i < d->targets; i++) {
        char text[16];
        int width = -SPACE;

        snprintf(text, sizeof text, "%.2f", d->target[i].score);
        for (const char *c = text; *c != '\0'; c++)
            width += width_of(*c);
        label[i] = place(p, d, label, i, dot * width, dot * DIGIT_HEIGHT);
        draw_text(p, text, label[i].left, label[i].top, dot, dark);
        draw_text(p, text, label[i].left, label[i].top, 0, bright);
    }
    free(label);
}

void overlay_put(overlay *ov, const ir_image *frame, const detection *d)
{
    int black, white;
    find_range(frame, &black, &white);
    ir_picture_from(&ov->picture, frame, black, white);
    draw_outlines(ov, d);
    draw_scores(&ov->picture, d);
    ir_sink_put_rgb(ov->sink, d->image.name, &ov->picture);
}
