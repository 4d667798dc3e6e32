/* Cuts and turns training crops; one crop serves a frame, its mask and its corrupted version. */
#include "crop.h"

#include <stddef.h>
#include <string.h>

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Uniform in [low, high]. */
static int between(ir_rng *rng, int low, int high)
{
    return low + (int)ir_rng_below(rng, (uint32_t)(high - low + 1));
}

/* A pixel of a target, uniform among them; false when there is none. */
static bool pick_target(ir_rng *rng, const ir_image *mask, int *x, int *y)
{
    const size_t size = (size_t)mask->width * (size_t)mask->height;
    uint32_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ir_image_true(mask, i);
    if (count == 0)
        return false;
    uint32_t chosen = ir_rng_below(rng, count);
    size_t i = 0;
    while (!ir_image_true(mask, i) || chosen-- > 0)
        i++;
    *x = (int)(i % (size_t)mask->width);
    *y = (int)(i / (size_t)mask->width);
    return true;
}

crop crop_draw(ir_rng *rng, const ir_image *mask, int side)
{
    const int last_top = larger(mask->height, side) - side;
    const int last_left = larger(mask->width, side) - side;
    int x, y;
    crop c;
    if (ir_rng_uniform(rng) < 0.5 && pick_target(rng, mask, &x, &y)) {
        c.top = between(rng, larger(0, y - side + 1), smaller(y, last_top));
        c.left = between(rng, larger(0, x - side + 1), smaller(x, last_left));
    } else {
        c.top = between(rng, 0, last_top);
        c.left = between(rng, 0, last_left);
    }
    c.upside_down = ir_rng_uniform(rng) < 0.5;
    c.mirrored = ir_rng_uniform(rng) < 0.5;
    c.transposed = ir_rng_uniform(rng) < 0.5;
    return c;
}

/* Where a view's rows and columns lie in a frame: the pixel of (row, column) is the one at
 * start + row * down + column * right, for rows from top to below bottom and columns from left to
 * below end. The others lie outside of the frame. */
typedef struct {
    ptrdiff_t start, down, right;
    int top, bottom, left, end;
} view;

static void exchange(view *v)
{
    const view old = *v;
    v->down = old.right;
    v->right = old.down;
    v->top = old.left;
    v->bottom = old.end;
    v->left = old.top;
    v->end = old.bottom;
}

static view view_of(const crop *c, const ir_image *im, int side)
{
    const int rows = smaller(side, im->height - c->top);
    const int columns = smaller(side, im->width - c->left);
    view v = {.down = im->width, .right = 1};
    v.start = (ptrdiff_t)c->top * im->width + c->left;
    if (c->upside_down) {
        v.start += (side - 1) * v.down;
        v.down = -v.down;
        v.top = side - rows;
    }
    if (c->mirrored) {
        v.start += side - 1;
        v.right = -1;
        v.left = side - columns;
    }
    v.bottom = v.top + rows;
    v.end = v.left + columns;
    if (c->transposed)
        exchange(&v);
    return v;
}

/* Finds the part of a row inside the frame: *at is the frame's index of its first column. False if
 * the row is all outside. Columns outside become 0. */
static bool begin_row(const view *v, int row, int side, float *out, ptrdiff_t *at)
{
    const bool inside = row >= v->top && row < v->bottom;
    if (!inside || v->end - v->left < side)
        memset(out, 0, (size_t)side * sizeof *out);
    *at = v->start + row * v->down + v->left * v->right;
    return inside;
}

void crop_image(const crop *c, const ir_image *image, int side, const ir_normalisation *n,
                float *out)
{
    const double scale = ir_normalisation_scale(n, image->maxval);
    const double shift = ir_normalisation_shift(n);
    const view v = view_of(c, image, side);
    ptrdiff_t at;
    for (int row = 0; row < side; row++, out += side) {
        if (!begin_row(&v, row, side, out, &at))
            continue;
        for (int i = v.left; i < v.end; i++, at += v.right)
            out[i] = (float)(image->pixel[at] * scale - shift);
    }
}

void crop_mask(const crop *c, const ir_image *mask, int side, float *out)
{
    const view v = view_of(c, mask, side);
    ptrdiff_t at;
    for (int row = 0; row < side; row++, out += side) {
        if (!begin_row(&v, row, side, out, &at))
            continue;
        for (int i = v.left; i < v.end; i++, at += v.right)
            out[i] = ir_image_true(mask, (size_t)at) ? 1.0f : 0.0f;
    }
}
