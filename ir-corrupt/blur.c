/* Defocus, motion and Gaussian blur: weighted sums of shifted rows. Sums are in units of samples.
 */
#include "corrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a kernel's two symmetric taps add to a row of results: weight (a[x] + b[x]). A tap of its
 * own has a = b and half the weight. */
typedef struct {
    const float *a, *b;
    float weight;
} term;

static term single(const float *row, double weight)
{
    return (term){row, row, (float)(weight / 2)};
}

/* Four terms at a time: sum is loaded and stored a quarter as often. */
IR_WIDE static void add_four(float *restrict sum, const term *t, int n)
{
    const float *a0 = t[0].a, *a1 = t[1].a, *a2 = t[2].a, *a3 = t[3].a;
    const float *b0 = t[0].b, *b1 = t[1].b, *b2 = t[2].b, *b3 = t[3].b;
    float w0 = t[0].weight, w1 = t[1].weight, w2 = t[2].weight, w3 = t[3].weight;
#pragma omp simd
    for (int x = 0; x < n; x++)
        sum[x] += w0 * (a0[x] + b0[x]) + w1 * (a1[x] + b1[x]) + w2 * (a2[x] + b2[x]) +
                  w3 * (a3[x] + b3[x]);
}

IR_WIDE static void add_one(float *restrict sum, const term *t, int n)
{
    const float *a = t->a, *b = t->b;
    float weight = t->weight;
#pragma omp simd
    for (int x = 0; x < n; x++)
        sum[x] += weight * (a[x] + b[x]);
}

/* sum = the sum of the terms, n samples each */
static void sum_terms(float *sum, const term *t, int terms, int n)
{
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (; terms >= 4; terms -= 4, t += 4)
        add_four(sum, t, n);
    for (; terms > 0; terms--, t++)
        add_one(sum, t, n);
}

/* A symmetric kernel of weight[0..reach] about a row's own samples. */
static int row_terms(term *t, const float *row, const double *weight, int reach)
{
    t[0] = single(row, weight[0]);
    for (int d = 1; d <= reach; d++)
        t[d] = (term){row - d, row + d, (float)weight[d]};
    return reach + 1;
}

IR_WIDE static void store_row(uint16_t *restrict pixel, const float *restrict sum, int n,
                              int maxval)
{
    float limit = maxval;
#pragma omp simd
    for (int x = 0; x < n; x++)
        pixel[x] = corrupt_sample(sum[x], limit);
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
#define NEGLIGIBLE 1e-9 /* below what 16 bits can show */

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
 * makes the kernels of radius 8 and 10 sum to slightly more than 1. Returns how far the weights
 * reach. */
static int disk(int radius, double sigma, double quarter[DISK_MAX + 1][DISK_MAX + 1])
{
    int half = radius <= 8 ? 8 : radius, smooth = radius <= 8 ? 1 : 2, side = 2 * half + 1;
    double grid[DISK_SIDE * DISK_SIDE], weights[3];
    int pixels = 0;
    for (int i = 0; i < side * side; i++) {
        int x = i % side - half, y = i / side - half;
        grid[i] = x * x + y * y <= radius * radius;
        pixels += grid[i] > 0;
    }
    gaussian_weights(weights, smooth, sigma);
    for (int i = 0; i < side; i++)
        smooth_line(grid + i * side, side, 1, weights, smooth);
    for (int i = 0; i < side; i++)
        smooth_line(grid + i, side, side, weights, smooth);
    int reach = 0;
    for (int y = 0; y <= half; y++)
        for (int x = 0; x <= half; x++) {
            double weight = grid[(y + half) * side + x + half] / pixels;
            quarter[y][x] = weight > NEGLIGIBLE ? weight : 0;
            if (quarter[y][x] > 0 && y > reach)
                reach = y;
        }
    return reach;
}

/* The blur of a disk of radius r whose edge is smoothed with sigma a. Rows as far above as below
 * share their weights: they are added up first. */
void corrupt_defocus_blur(ir_image *im, corrupt_job *job)
{
    double quarter[DISK_MAX + 1][DISK_MAX + 1];
    int reach = disk((int)job->parameter[0], job->parameter[1], quarter);
    int width = im->width, wide = width + 2 * reach;
    size_t size = padded_size(im, reach, reach);
    float *room = corrupt_room(job->scratch, size + (size_t)(reach + 1) * wide + width);
    plane p = padded(im, room, reach, reach, mirror);
    float *folded = room + size, *sum = folded + (size_t)(reach + 1) * wide;

    for (int y = 0; y < im->height; y++) {
        term t[(DISK_MAX + 1) * (DISK_MAX + 1)];
        int terms = 0;
        for (int dy = 0; dy <= reach; dy++) {
            float *both = folded + (size_t)dy * wide, weight = dy ? 1 : 0.5f;
            sum_terms(both, &(term){row_of(&p, y - dy) - reach, row_of(&p, y + dy) - reach, weight},
                      1, wide);
            int dx_max = reach;
            while (dx_max > 0 && quarter[dy][dx_max] == 0)
                dx_max--;
            terms += row_terms(t + terms, both + reach, quarter[dy], dx_max);
        }
        sum_terms(sum, t, terms, width);
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
        term t[LINE_MAX];
        for (int i = 0; i < length; i++)
            t[i] = single(row_of(&p, clamp(y + dy[i], im->height)) + dx[i], weight[i] / total);
        sum_terms(sum, t, length, width);
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

    int wide = width + 2 * reach;
    size_t size = padded_size(im, reach, 0);
    float *room = corrupt_room(job->scratch, size + wide + width);
    plane p = padded(im, room, reach, 0, clamp);
    float *down = room + size, *sum = down + wide;
    for (int y = 0; y < im->height; y++) {
        term t[REACH_MAX + 1] = {single(row_of(&p, y) - reach, weight[0])};
        for (int d = 1; d <= reach; d++)
            t[d] = (term){row_of(&p, clamp(y - d, im->height)) - reach,
                          row_of(&p, clamp(y + d, im->height)) - reach, (float)weight[d]};
        sum_terms(down, t, reach + 1, wide);
        sum_terms(sum, t, row_terms(t, down + reach, weight, reach), width);
        store_row(im->pixel + (size_t)y * width, sum, width, im->maxval);
    }
}
