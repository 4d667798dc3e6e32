/* Cuts and turns training crops; one crop serves a frame, its mask and its corrupted twin. */
#include "crop.h"

#include <stddef.h>

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

/* The index in the frame of the view's pixel (row, column); -1 where the square leaves the frame.
 */
static inline long source_of(const crop *c, const ir_image *im, int side, int row, int column)
{
    int y = c->transposed ? column : row;
    int x = c->transposed ? row : column;

    y = c->top + (c->upside_down ? side - 1 - y : y);
    x = c->left + (c->mirrored ? side - 1 - x : x);
    return y < im->height && x < im->width ? (long)y * im->width + x : -1;
}

void crop_image(const crop *c, const ir_image *image, int side, double mean, double std, float *out)
{
    const double scale = 1.0 / (image->maxval * std), shift = mean / std;

    for (int row = 0; row < side; row++) {
        for (int column = 0; column < side; column++) {
            const long i = source_of(c, image, side, row, column);
            *out++ = i < 0 ? 0.0f : (float)(image->pixel[i] * scale - shift);
        }
    }
}

void crop_mask(const crop *c, const ir_image *mask, int side, float *out)
{
    for (int row = 0; row < side; row++) {
        for (int column = 0; column < side; column++) {
            const long i = source_of(c, mask, side, row, column);
            *out++ = i >= 0 && ir_image_true(mask, (size_t)i) ? 1.0f : 0.0f;
        }
    }
}
