/* The local prior of PSTNN: the eigenvalues a >= b of the structure tensor, the smoothed outer
 * product of the gradient, make the strength of a corner a b / (a + b), which is multiplied by a
 * and scaled to go from 0 to 1. */
#include <math.h>

#include "pstnn.h"

static int clamp(int i, int count)
{
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

/* from under a 3 x 3 Gaussian; the border is mirrored. workspace, to: height x width, not `from`.
 */
static void smooth(const double *from, int width, int height, double sigma, double *workspace,
                   double *to)
{
    double side = exp(-0.5 / (sigma * sigma)), middle = 1 / (1 + 2 * side);
    side *= middle;
    for (int y = 0; y < height; y++) {
        const double *row = from + (size_t)y * (size_t)width;

        for (int x = 0; x < width; x++)
            workspace[(size_t)y * (size_t)width + (size_t)x] =
                middle * row[x] + side * (row[clamp(x - 1, width)] + row[clamp(x + 1, width)]);
    }
    for (int y = 0; y < height; y++) {
        const double *row = workspace + (size_t)y * (size_t)width;
        const double *above = workspace + (size_t)clamp(y - 1, height) * (size_t)width;
        const double *below = workspace + (size_t)clamp(y + 1, height) * (size_t)width;

        for (int x = 0; x < width; x++)
            to[(size_t)y * (size_t)width + (size_t)x] =
                middle * row[x] + side * (above[x] + below[x]);
    }
}

/* Along a line of `count` elements `stride` apart: half the difference of the neighbours, at its
 * ends the difference to the only one. */
static double slope(const double *line, int i, int count, ptrdiff_t stride)
{
    int before = clamp(i - 1, count), after = clamp(i + 1, count);
    return after > before ? (line[after * stride] - line[before * stride]) / (after - before) : 0;
}

/* The products of the gradient, xx, xy, yy. */
static void gradient_products(const double *u, int width, int height, double *xx, double *xy,
                              double *yy)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            size_t i = (size_t)y * (size_t)width + (size_t)x;
            double across = slope(u + (size_t)y * (size_t)width, x, width, 1);
            double down = slope(u + x, y, height, width);

            xx[i] = across * across;
            xy[i] = across * down;
            yy[i] = down * down;
        }
}

static double corner(double xx, double xy, double yy)
{
    double root = sqrt((xx - yy) * (xx - yy) + 4 * xy * xy);
    double large = (xx + yy + root) / 2, small = (xx + yy - root) / 2;
    return large + small > 0 ? large * small / (large + small) * large : 0;
}

static void scale_to_unit_range(double *value, size_t count)
{
    double low = value[0], high = low;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, value[i]);
        high = fmax(high, value[i]);
    }
    for (size_t i = 0; i < count; i++)
        value[i] = high > low ? (value[i] - low) / (high - low) : 0;
}

void corner_prior(const double *image, int width, int height, double *workspace, double *prior)
{
    size_t count = (size_t)width * (size_t)height;
    double *a = workspace, *xx = a + count, *xy = xx + count, *yy = xy + count;
    smooth(image, width, height, 2, a, prior);
    gradient_products(prior, width, height, xx, xy, yy);
    smooth(xx, width, height, 9, a, xx);
    smooth(xy, width, height, 9, a, xy);
    smooth(yy, width, height, 9, a, yy);
    for (size_t i = 0; i < count; i++)
        prior[i] = corner(xx[i], xy[i], yy[i]);
    scale_to_unit_range(prior, count);
}
