/* The multi-scale patch-based contrast measure (Wei, You and Li, "Multiscale patch-based contrast
 * measure for small infrared target detection", Pattern Recognition 58, 2016; MSPCM in Moradi,
 * Moallem and Sabahi, Infrared Physics & Technology 89, 2018).
 *
 * A patch and its eight neighbours of the same size make a square of three by three. The mean of
 * the middle one less that of a neighbour, times the same for the neighbour opposite, is large
 * where both are darker (or both brighter) than the middle. The contrast is the smallest of the
 * four products, so that an edge, which has one pair of equal neighbours along it, has none; the
 * saliency is the largest contrast of all sizes of patch, and at least zero. Outside the image its
 * border is continued. */
#include <math.h>
#include <string.h>

#include "clones.h"
#include "method.h"

enum { COLUMNS_SLOT, SUMS_SLOT };

static int clamp(int i, int count)
{
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

CLONES static void add_row(int32_t *restrict sum, const uint16_t *restrict row, int width, int sign)
{
#pragma omp simd
    for (int x = 0; x < width; x++)
        sum[x] += sign * row[x];
}

/* to[i] = column[i - side - half] + ... + column[i - side + half], column continued at both ends,
 * for i = 0 .. width + 2 side - 1: sums over windows centred at -side .. width + side - 1. */
static void slide(const int32_t *column, int width, int side, int32_t *to)
{
    int half = side / 2;
    int32_t sum = 0;
    for (int j = -side - half; j <= -side + half; j++)
        sum += column[clamp(j, width)];
    for (int i = 0; i < width + 2 * side; i++) {
        to[i] = sum;
        sum += column[clamp(i - side + half + 1, width)] - column[clamp(i - side - half, width)];
    }
}

/* sums[y][x]: over the patch of side x side pixels round (x - side, y - side); it has 2 side rows
 * and columns more than the image. */
static void patch_sums(const ir_image *im, int side, int32_t *column, int32_t *sums)
{
    int width = im->width, height = im->height, half = side / 2, stride = width + 2 * side;
    memset(column, 0, (size_t)width * sizeof *column);
    for (int j = -side - half; j <= -side + half; j++)
        add_row(column, im->pixel + (size_t)clamp(j, height) * (size_t)width, width, 1);
    for (int i = 0; i < height + 2 * side; i++) {
        int enters = clamp(i - side + half + 1, height), leaves = clamp(i - side - half, height);

        slide(column, width, side, sums + (size_t)i * (size_t)stride);
        add_row(column, im->pixel + (size_t)enters * (size_t)width, width, 1);
        add_row(column, im->pixel + (size_t)leaves * (size_t)width, width, -1);
    }
}

/* (middle - a) (middle - b); a difference of sums has 30 bits at most. */
static inline float product(int32_t middle, int32_t a, int32_t b)
{
    return (float)(middle - a) * (float)(middle - b);
}

/* One row of contrasts into the saliency; middle, above, below: the sums round its pixels. */
CLONES static void contrast_row(const int32_t *restrict middle, const int32_t *restrict above,
                                const int32_t *restrict below, int side, int width, float scale,
                                float *restrict saliency)
{
#pragma omp simd
    for (int x = 0; x < width; x++) {
        int32_t m = middle[x];
        float across = product(m, middle[x - side], middle[x + side]);
        float down = product(m, above[x], below[x]);
        float falling = product(m, above[x - side], below[x + side]);
        float rising = product(m, above[x + side], below[x - side]);
        float straight = across < down ? across : down;
        float slanted = falling < rising ? falling : rising;
        float least = scale * (straight < slanted ? straight : slanted);

        saliency[x] = least > saliency[x] ? least : saliency[x];
    }
}

solution mspcm_saliency(const ir_image *im, const double *parameter, scratch *s, float *saliency)
{
    int width = im->width, height = im->height, largest = (int)parameter[LARGEST];
    size_t most = (size_t)(width + 2 * largest) * (size_t)(height + 2 * largest);
    int32_t *column = scratch_buffer(s, COLUMNS_SLOT, (size_t)width, sizeof *column);
    int32_t *sums = scratch_buffer(s, SUMS_SLOT, most, sizeof *sums);
    memset(saliency, 0, (size_t)width * (size_t)height * sizeof *saliency);
    for (int side = 3; side <= largest; side += 2) {
        size_t stride = (size_t)(width + 2 * side), down = (size_t)side * stride;
        float scale = (float)pow(side, -4); /* sums to means, squared */

        patch_sums(im, side, column, sums);
        for (int y = 0; y < height; y++) {
            const int32_t *middle = sums + down + (size_t)y * stride + side;

            contrast_row(middle, middle - down, middle + down, side, width, scale,
                         saliency + (size_t)y * (size_t)width);
        }
    }
    return (solution){.converged = true};
}
