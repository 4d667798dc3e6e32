/* Patches of an image: see patches.h. */
#include "patches.h"

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

static int patches_along(int side, int patch, int step)
{
    return (side - patch + step - 1) / step + 1;
}

static patch_grid grid_of(const ir_image *im, int patch, int step)
{
    patch_grid g = {.width = im->width,
                    .height = im->height,
                    .patch_width = at_most(patch, im->width),
                    .patch_height = at_most(patch, im->height),
                    .step = step};
    g.across = patches_along(g.width, g.patch_width, step);
    g.down = patches_along(g.height, g.patch_height, step);
    return g;
}

patch_grid patches_in_turn(const ir_image *im, int patch, int step)
{
    patch_grid g = grid_of(im, patch, step);
    g.rows = (int)patch_pixels(&g);
    g.columns = (int)patch_count(&g);
    g.pixel_stride = 1;
    g.patch_stride = patch_pixels(&g);
    return g;
}

patch_grid patches_of(const ir_image *im, int patch, int step)
{
    patch_grid g = patches_in_turn(im, patch, step);
    if (patch_count(&g) < patch_pixels(&g)) {
        g.rows = (int)patch_count(&g);
        g.columns = (int)patch_pixels(&g);
        g.pixel_stride = patch_count(&g);
        g.patch_stride = 1;
    }
    return g;
}

static int patch_left(const patch_grid *g, int column)
{
    return at_most(column * g->step, g->width - g->patch_width);
}

static int patch_top(const patch_grid *g, int row)
{
    return at_most(row * g->step, g->height - g->patch_height);
}

void patches_cut(const patch_grid *g, const double *image, double *matrix)
{
    for (int column = 0; column < g->across; column++)
        for (int row = 0; row < g->down; row++) {
            const double *from =
                image + (size_t)patch_top(g, row) * (size_t)g->width + patch_left(g, column);
            double *to = matrix + (size_t)(column * g->down + row) * g->patch_stride;

            for (int y = 0; y < g->patch_height; y++, from += g->width)
                for (int x = 0; x < g->patch_width; x++, to += g->pixel_stride)
                    *to = from[x];
        }
}

void patches_last(const patch_grid *g, const double *matrix, float *image)
{
    for (int column = 0; column < g->across; column++)
        for (int row = 0; row < g->down; row++) {
            float *to =
                image + (size_t)patch_top(g, row) * (size_t)g->width + patch_left(g, column);
            const double *from = matrix + (size_t)(column * g->down + row) * g->patch_stride;

            for (int y = 0; y < g->patch_height; y++, to += g->width)
                for (int x = 0; x < g->patch_width; x++, from += g->pixel_stride)
                    to[x] = (float)*from;
        }
}

/* ---- the median ---------------------------------------------------------------------------- */

/* The patches, in one direction, that lie over a pixel: first to last. */
typedef struct {
    int first, last;
} span;

static span span_at(int pixel, int side, int patch, int step, int patches)
{
    int first = pixel < patch ? 0 : (pixel - patch) / step + 1;
    /* the last patch ends with the side: it may start before its step and reaches every pixel left
     */
    return (span){at_most(first, patches - 1), pixel < side - patch ? pixel / step : patches - 1};
}

/* Puts the k-th smallest of n values at place k, none larger before it. */
static void select_value(double *value, long n, long k)
{
    long low = 0, high = n - 1;
    while (low < high) {
        double pivot = value[k];
        long i = low, j = high;

        while (i <= j) {
            while (value[i] < pivot)
                i++;
            while (pivot < value[j])
                j--;
            if (i <= j) {
                double other = value[i];

                value[i++] = value[j];
                value[j--] = other;
            }
        }
        if (j < k)
            low = i;
        if (k < i)
            high = j;
    }
}

static double median(double *value, size_t n)
{
    size_t middle = n / 2;
    double below;
    select_value(value, (long)n, (long)middle);
    if (n % 2 == 1)
        return value[middle];
    below = value[0];
    for (size_t i = 1; i < middle; i++)
        below = value[i] > below ? value[i] : below;
    return (below + value[middle]) / 2;
}

/* Most pixels of a sparse matrix have no need of a search: fewer than half of the values are
 * positive. A pixel that no patch lies over (n = 0) has nothing. */
static double positive_median(double *value, size_t n)
{
    size_t positive = 0;
    double middle;
    for (size_t i = 0; i < n; i++)
        positive += value[i] > 0;
    if (n == 0 || 2 * positive < n)
        return 0;
    middle = median(value, n);
    return middle > 0 ? middle : 0;
}

size_t patches_over(const patch_grid *g)
{
    size_t across = (size_t)(g->patch_width / g->step + 2),
           down = (size_t)(g->patch_height / g->step + 2);
    return across * down;
}

/* What the patches say of a pixel; returns how many. */
static size_t collect(const patch_grid *g, const double *matrix, int x, int y, span columns,
                      span rows, double *value)
{
    size_t n = 0;
    for (int column = columns.first; column <= columns.last; column++)
        for (int row = rows.first; row <= rows.last; row++) {
            int left = x - patch_left(g, column), top = y - patch_top(g, row);
            size_t pixel = (size_t)(top * g->patch_width + left);
            size_t patch = (size_t)(column * g->down + row);

            value[n++] = matrix[pixel * g->pixel_stride + patch * g->patch_stride];
        }
    return n;
}

void patches_median(const patch_grid *g, const double *matrix, double *workspace, float *image)
{
    for (int y = 0; y < g->height; y++) {
        span rows = span_at(y, g->height, g->patch_height, g->step, g->down);

        for (int x = 0; x < g->width; x++) {
            span columns = span_at(x, g->width, g->patch_width, g->step, g->across);
            size_t n = collect(g, matrix, x, y, columns, rows, workspace);

            *image++ = (float)positive_median(workspace, n);
        }
    }
}

/* ---- samples ------------------------------------------------------------------------------- */

bool image_to_unit_range(const ir_image *im, double *to)
{
    size_t count = (size_t)im->width * (size_t)im->height;
    int low = im->pixel[0], high = low;
    for (size_t i = 0; i < count; i++) {
        low = im->pixel[i] < low ? im->pixel[i] : low;
        high = im->pixel[i] > high ? im->pixel[i] : high;
    }
    if (low == high)
        return false;
    for (size_t i = 0; i < count; i++)
        to[i] = (double)(im->pixel[i] - low) / (high - low);
    return true;
}
