/* Defocus, motion and Gaussian blur: weighted sums of shifted rows. Sums are in units of samples.
 */
#include "corrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* sum += weight row, over n samples */
CORRUPT_FAST static void add_row(float *restrict sum, const float *restrict row, float weight,
                                 int n)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        sum[x] += weight * row[x];
}

/* sum += weight (a + b): the two sides of a symmetric kernel */
CORRUPT_FAST static void add_pair(float *restrict sum, const float *a, const float *b, float weight,
                                  int n)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        sum[x] += weight * (a[x] + b[x]);
}

CORRUPT_FAST static void store_row(uint16_t *restrict pixel, const float *restrict sum, int n,
                                   int maxval)
{
    float limit = maxval;
#pragma omp simd
    for (int x = 0; x < n; x++)
        pixel[x] = corrupt_sample(sum[x], limit);
}

static void clear_row(float *sum, int n)
{
    memset(sum, 0, (size_t)n * sizeof *sum);
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

/* Outside the frame it goes on mirrored about the centre of its edge pixel: 2 1 | 0 1 2. */
static int mirror(int i, int n)
{
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    i = abs(i) % period;
    return i < n ? i : period - i;
}

/* The frame with left and right more columns and above and below more rows, which border fills. */
typedef struct {
    float *sample; /* of the frame's first pixel */
    size_t stride;
} plane;

static plane padded(const ir_image *im, float *room, int sides, int ends, int (*border)(int, int))
{
    plane p = {.stride = (size_t)im->width + 2 * sides};
    p.sample = room + ends * p.stride + sides;
    for (int y = -ends; y < im->height + ends; y++) {
        const uint16_t *from = im->pixel + (size_t)border(y, im->height) * im->width;
        float *to = p.sample + y * (ptrdiff_t)p.stride;
        for (int x = -sides; x < 0; x++)
            to[x] = from[border(x, im->width)];
        for (int x = 0; x < im->width; x++)
            to[x] = from[x];
        for (int x = im->width; x < im->width + sides; x++)
            to[x] = from[border(x, im->width)];
    }
    return p;
}

static size_t padded_size(const ir_image *im, int sides, int ends)
{
    return ((size_t)im->width + 2 * sides) * ((size_t)im->height + 2 * ends);
}

static const float *row_of(const plane *p, int y)
{
    return p->sample + y * (ptrdiff_t)p->stride;
}

/* ---- defocus ----------------------------------------------------------------------------------*/

enum { DISK_MAX = 10, DISK_SIDE = 2 * DISK_MAX + 1 };

/* One smoothing pass over a line of n samples, step apart, with weights[0..reach] and mirrored
 * ends. */
static void smooth_line(double *line, int n, int step, const double *weights, int reach)
{
    double old[DISK_SIDE];
    for (int i = 0; i < n; i++)
        old[i] = line[i * step];
    for (int i = 0; i < n; i++) {
        double sum = weights[0] * old[i];
        for (int d = 1; d <= reach; d++)
            sum += weights[d] * (old[mirror(i - d, n)] + old[mirror(i + d, n)]);
        line[i * step] = sum;
    }
}

/* weights[d] = exp(-d^2 / (2 sigma^2)), d = 0..reach, scaled so that both sides sum to 1 */
static void gaussian_weights(double *weights, int reach, double sigma)
{
    double sum = 0;
    for (int d = 0; d <= reach; d++) {
        weights[d] = exp(-0.5 * d * d / (sigma * sigma));
        sum += d ? 2 * weights[d] : weights[d];
    }
    for (int d = 0; d <= reach; d++)
        weights[d] /= sum;
}

/* The lower right quarter of the kernel, [dy][dx] from the centre: an even disk on a square grid,
 * smoothed on that grid. The grid is 17 pixels wide whatever the radius up to 8, and fits tightly
 * beyond that; the smoothing is 3 pixels wide on it, or 5; what it mirrors back from the grid's rim
 * makes the kernels of radius 8 and 10 sum to slightly more than 1. Returns the grid's half width.
 */
static int disk(int radius, double sigma, float quarter[DISK_MAX + 1][DISK_MAX + 1])
{
    int half = radius <= 8 ? 8 : radius, reach = radius <= 8 ? 1 : 2, side = 2 * half + 1;
    double grid[DISK_SIDE * DISK_SIDE], weights[3];
    int pixels = 0;
    for (int i = 0; i < side * side; i++) {
        int x = i % side - half, y = i / side - half;
        grid[i] = x * x + y * y <= radius * radius;
        pixels += grid[i] > 0;
    }
    gaussian_weights(weights, reach, sigma);
    for (int i = 0; i < side; i++)
        smooth_line(grid + i * side, side, 1, weights, reach);
    for (int i = 0; i < side; i++)
        smooth_line(grid + i, side, side, weights, reach);
    for (int y = 0; y <= half; y++)
        for (int x = 0; x <= half; x++)
            quarter[y][x] = (float)(grid[(y + half) * side + x + half] / pixels);
    return half;
}

/* The blur of a disk of radius r whose edge is smoothed with sigma a. */
void corrupt_defocus_blur(ir_image *im, corrupt_job *job)
{
    float quarter[DISK_MAX + 1][DISK_MAX + 1];
    int half = disk((int)job->parameter[0], job->parameter[1], quarter), width = im->width;
    size_t size = padded_size(im, half, half);
    float *room = corrupt_room(job->scratch, size + 2 * ((size_t)width + 2 * half));
    plane p = padded(im, room, half, half, mirror);
    float *folded = room + size + half, *sum = folded + width + half;

    for (int y = 0; y < im->height; y++) {
        clear_row(sum, width);
        for (int dy = 0; dy <= half; dy++) {
            /* the rows above and below share their weights */
            clear_row(folded - half, width + 2 * half);
            if (dy)
                add_pair(folded - half, row_of(&p, y - dy) - half, row_of(&p, y + dy) - half, 1,
                         width + 2 * half);
            else
                add_row(folded - half, row_of(&p, y) - half, 1, width + 2 * half);
            add_row(sum, folded, quarter[dy][0], width);
            for (int dx = 1; dx <= half; dx++)
                if (quarter[dy][dx] > 0)
                    add_pair(sum, folded - dx, folded + dx, quarter[dy][dx], width);
        }
        store_row(im->pixel + (size_t)y * width, sum, width, im->maxval);
    }
}

/* ---- motion -----------------------------------------------------------------------------------*/

enum { LINE_MAX = 41 };

/* One end of a line: its weights fall off as half a Gaussian from the pixel itself, at an angle of
 * -45 to 45 degrees from the row; outside, the edge pixels go on. */
void corrupt_motion_blur(ir_image *im, corrupt_job *job)
{
    int length = 2 * (int)job->parameter[0] + 1, width = im->width;
    double sigma = job->parameter[1], weight[LINE_MAX], total = 0;
    double angle = (ir_rng_uniform(&job->rng) - 0.5) * M_PI / 2;
    int dx[LINE_MAX], dy[LINE_MAX];
    for (int i = 0; i < length; i++) {
        weight[i] = exp(-0.5 * i * i / (sigma * sigma));
        total += weight[i];
        dx[i] = (int)ceil(i * cos(angle) - 0.5);
        dy[i] = (int)ceil(i * sin(angle) - 0.5);
    }

    size_t size = padded_size(im, length, 0);
    float *room = corrupt_room(job->scratch, size + width);
    plane p = padded(im, room, length, 0, clamp);
    float *sum = room + size;
    for (int y = 0; y < im->height; y++) {
        clear_row(sum, width);
        for (int i = 0; i < length; i++)
            add_row(sum, row_of(&p, clamp(y + dy[i], im->height)) + dx[i],
                    (float)(weight[i] / total), width);
        store_row(im->pixel + (size_t)y * width, sum, width, im->maxval);
    }
}

/* ---- Gaussian ---------------------------------------------------------------------------------*/

enum { REACH_MAX = 24 };

/* A Gaussian of sigma c, cut at 4 sigma; outside, the edge pixels go on. Down the columns, then
 * along the rows. */
void corrupt_gaussian_blur(ir_image *im, corrupt_job *job)
{
    double sigma = job->parameter[0], weight[REACH_MAX + 1];
    int reach = (int)(4 * sigma + 0.5), width = im->width;
    gaussian_weights(weight, reach, sigma);

    size_t size = padded_size(im, reach, 0);
    float *room = corrupt_room(job->scratch, size + 2 * (size_t)width + 2 * reach);
    plane p = padded(im, room, reach, 0, clamp);
    float *down = room + size + reach, *sum = down + width + reach;
    for (int y = 0; y < im->height; y++) {
        int wide = width + 2 * reach;
        clear_row(down - reach, wide);
        add_row(down - reach, row_of(&p, y) - reach, (float)weight[0], wide);
        for (int d = 1; d <= reach; d++)
            add_pair(down - reach, row_of(&p, clamp(y - d, im->height)) - reach,
                     row_of(&p, clamp(y + d, im->height)) - reach, (float)weight[d], wide);
        clear_row(sum, width);
        add_row(sum, down, (float)weight[0], width);
        for (int d = 1; d <= reach; d++)
            add_pair(sum, down - d, down + d, (float)weight[d], width);
        store_row(im->pixel + (size_t)y * width, sum, width, im->maxval);
    }
}
