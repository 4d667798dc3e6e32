/* Defocus, motion and Gaussian blur: weighted sums of shifted rows. Sums are in units of samples.
 */
#include "corrupt.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The contribution of a kernel's two symmetric taps to a row of results: weight (a[x] + b[x]). A
 * single tap has a = b and half the weight. */
typedef struct {
    const float *a, *b;
    float weight;
} term;

static term single(const float *row, double weight)
{
    return (term){row, row, (float)(weight / 2)};
}

/* Adds four terms at a time, so that sum is loaded and stored a quarter as often. The first four
 * overwrite it. */
IR_WIDE static void add_four(float *restrict sum, const term *t, int n, bool first)
{
    const float *a0 = t[0].a, *a1 = t[1].a, *a2 = t[2].a, *a3 = t[3].a;
    const float *b0 = t[0].b, *b1 = t[1].b, *b2 = t[2].b, *b3 = t[3].b;
    float w0 = t[0].weight, w1 = t[1].weight, w2 = t[2].weight, w3 = t[3].weight;
    if (first) {
#pragma omp simd
        for (int x = 0; x < n; x++)
            sum[x] = w0 * (a0[x] + b0[x]) + w1 * (a1[x] + b1[x]) + w2 * (a2[x] + b2[x]) +
                     w3 * (a3[x] + b3[x]);
        return;
    }
#pragma omp simd
    for (int x = 0; x < n; x++)
        sum[x] += w0 * (a0[x] + b0[x]) + w1 * (a1[x] + b1[x]) + w2 * (a2[x] + b2[x]) +
                  w3 * (a3[x] + b3[x]);
}

IR_WIDE static void add_one(float *restrict sum, const term *t, int n, bool first)
{
    const float *a = t->a, *b = t->b;
    float weight = t->weight;
    if (first) {
#pragma omp simd
        for (int x = 0; x < n; x++)
            sum[x] = weight * (a[x] + b[x]);
        return;
    }
#pragma omp simd
    for (int x = 0; x < n; x++)
        sum[x] += weight * (a[x] + b[x]);
}

/* sum = the sum of the terms, at least one, n samples each */
static void sum_terms(float *sum, const term *t, int terms, int n)
{
    int i = 0;
    for (; i + 4 <= terms; i += 4)
        add_four(sum, t + i, n, i == 0);
    for (; i < terms; i++)
        add_one(sum, t + i, n, i == 0);
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

IR_WIDE static void to_float(const uint16_t *restrict from, float *restrict to, int n)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        to[x] = from[x];
}

static plane padded(const ir_image *im, float *workspace, int sides, int ends,
                    int (*border)(int, int))
{
    plane p = {.stride = (size_t)im->width + 2 * sides};
    p.sample = workspace + ends * p.stride + sides;
    for (int y = -ends; y < im->height + ends; y++) {
        const uint16_t *from = im->pixel + (size_t)border(y, im->height) * im->width;
        float *to = p.sample + y * (ptrdiff_t)p.stride;
        for (int x = -sides; x < 0; x++)
            to[x] = from[border(x, im->width)];
        to_float(from, to, im->width);
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

/* SMOOTH_MAX: of the smoothing on either side. A smoothed disk ends at RIM_MAX; twice the smoothing
 * beyond the disk nothing reaches the border of a grid and is mirrored there. */
enum { DISK_MAX = 10, SMOOTH_MAX = 2, RIM_MAX = DISK_MAX + SMOOTH_MAX };
enum { GRID_MAX = RIM_MAX + SMOOTH_MAX, GRID_SIDE = 2 * GRID_MAX + 1 };
#define NEGLIGIBLE 1e-9 /* below what 16 bits can show */

/* The kernel of defocus-blur: an even disk on a square grid, smoothed on that grid. The grid is 17
 * pixels wide whatever the radius up to 8, and fits tightly beyond that; the smoothing is 3 pixels
 * wide on it, or 5. What it mirrors back from the grid's border makes the kernels of radius 8 and
 * 10 sum to slightly more than 1.
 *
 * So it is the disk, then the smoothing, then what the border changed: few taps near the rim. */
typedef struct {
    int radius, pixels, smooth;
    int chord[DISK_MAX + 1];        /* of the columns 0..radius from the centre: half, in rows */
    double weights[SMOOTH_MAX + 1]; /* of the smoothing, from the centre */
    double rim[RIM_MAX + 1][RIM_MAX + 1]; /* the lower right quarter of the change, [dy][dx] */
    int taps[RIM_MAX + 1];                /* of each row of it, with zeros between */
} defocus_kernel;

/* One smoothing pass over a line of n samples, step apart, with weights[0..reach] and mirrored
 * ends. */
static void smooth_line(double *line, int n, int step, const double *weights, int reach)
{
    double old[GRID_SIDE];
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

static bool in_disk(int x, int y, int radius)
{
    return x * x + y * y <= radius * radius;
}

/* Adds to the kernel's rim sign times the disk smoothed on a grid that goes to half. */
static void add_smoothed(defocus_kernel *k, int half, int sign)
{
    int side = 2 * half + 1, seen = half < RIM_MAX ? half : RIM_MAX;
    double grid[GRID_SIDE * GRID_SIDE];
    for (int i = 0; i < side * side; i++)
        grid[i] = in_disk(i % side - half, i / side - half, k->radius);
    for (int i = 0; i < side; i++)
        smooth_line(grid + i * side, side, 1, k->weights, k->smooth);
    for (int i = 0; i < side; i++)
        smooth_line(grid + i, side, side, k->weights, k->smooth);
    for (int y = 0; y <= seen; y++)
        for (int x = 0; x <= seen; x++)
            k->rim[y][x] += sign * grid[(y + half) * side + x + half] / k->pixels;
}

static defocus_kernel defocus_kernel_of(int radius, double sigma)
{
    defocus_kernel k = {.radius = radius, .smooth = radius <= 8 ? 1 : 2};
    gaussian_weights(k.weights, k.smooth, sigma);
    while (k.smooth > 0 && k.weights[k.smooth] < NEGLIGIBLE)
        k.smooth--;
    for (int x = 0; x <= radius; x++) {
        while (in_disk(x, k.chord[x] + 1, radius))
            k.chord[x]++;
        k.pixels += (x ? 2 : 1) * (2 * k.chord[x] + 1);
    }
    add_smoothed(&k, radius <= 8 ? 8 : radius, 1);
    add_smoothed(&k, radius + 2 * k.smooth, -1);
    for (int y = 0; y <= RIM_MAX; y++)
        for (int x = 0; x <= RIM_MAX; x++)
            if (fabs(k.rim[y][x]) > NEGLIGIBLE)
                k.taps[y] = x + 1;
            else
                k.rim[y][x] = 0;
    return k;
}

IR_WIDE static void subtract_rows(float *restrict to, const float *a, const float *b, int n)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        to[x] = a[x] - b[x];
}

/* sum += change, and the same to to. sum is whole: float does not hold a disk's sum of 16-bit
 * samples exactly, and would drift from row to row. A row's change it does hold. */
IR_WIDE static void add_change(int32_t *restrict sum, const float *restrict change,
                               float *restrict to, int n)
{
#pragma omp simd
    for (int x = 0; x < n; x++) {
        sum[x] += (int32_t)change[x];
        to[x] = sum[x];
    }
}

/* The difference of the sums over the disk about rows y + 1 and y: the end of a chord that is
 * gained at each column of the disk, minus the end that is lost. ends: workspace for a row of each
 * chord. */
static void disk_change(const defocus_kernel *k, const plane *p, int y, float *change, int width,
                        float *ends)
{
    int wide = width + 2 * k->radius;
    term t[DISK_MAX + 1];
    ends += k->radius;
    for (int dx = 0; dx <= k->radius; dx++) {
        int chord = k->chord[dx];
        if (dx > 0 && chord != k->chord[dx - 1])
            ends += wide;
        if (dx == 0 || chord != k->chord[dx - 1])
            subtract_rows(ends - k->radius, row_of(p, y + 1 + chord) - k->radius,
                          row_of(p, y - chord) - k->radius, wide);
        t[dx] = dx ? (term){ends - dx, ends + dx, 1} : single(ends, 1);
    }
    sum_terms(change, t, k->radius + 1, width);
}

/* Every pixel's sum over the disk. p's border being mirrored, that of the sums is too. */
static void disk_sums(const defocus_kernel *k, const plane *p, const plane *sums, int width,
                      int height, float *workspace)
{
    static const double ones[DISK_MAX + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    int32_t *sum = (void *)workspace;
    float *change = workspace + width, *to = sums->sample;
    term t[DISK_MAX + 1];
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (int dy = -k->radius; dy <= k->radius; dy++) { /* chords are the same along rows */
        sum_terms(change, t, row_terms(t, row_of(p, dy), ones, k->chord[abs(dy)]), width);
        add_change(sum, change, to, width);
    }
    for (int y = 0; y < height; y++, to += sums->stride) {
        if (y > 0) {
            disk_change(k, p, y - 1, change, width, change + width);
            add_change(sum, change, to, width);
        }
        for (int d = 1; d <= k->smooth; d++) {
            to[-d] = to[mirror(-d, width)];
            to[width - 1 + d] = to[mirror(width - 1 + d, width)];
        }
    }
}

/* The terms of the kernel's rim at row y. Rows as far above as below share their weights: they are
 * added up first. */
static int rim_terms(term *t, const defocus_kernel *k, const plane *p, int y, int width,
                     float *workspace)
{
    int terms = 0, pad = k->radius + k->smooth, wide = width + 2 * pad;
    for (int dy = 0; dy <= pad; dy++) {
        if (!k->taps[dy])
            continue;
        sum_terms(workspace,
                  &(term){row_of(p, y - dy) - pad, row_of(p, y + dy) - pad, dy ? 1 : 0.5f}, 1,
                  wide);
        const float *both = workspace + pad;
        if (k->rim[dy][0])
            t[terms++] = single(both, k->rim[dy][0]);
        for (int dx = 1; dx < k->taps[dy]; dx++)
            if (k->rim[dy][dx])
                t[terms++] = (term){both - dx, both + dx, (float)k->rim[dy][dx]};
        workspace += wide;
    }
    return terms;
}

/* The blur of a disk of radius r whose edge is smoothed with sigma a. */
void corrupt_defocus_blur(ir_image *im, corrupt_job *job)
{
    defocus_kernel k = defocus_kernel_of((int)job->parameter[0], job->parameter[1]);
    int pad = k.radius + k.smooth, width = im->width, wide = width + 2 * k.smooth;
    size_t size = padded_size(im, pad, pad), rows = (size_t)(RIM_MAX + 1) * (width + 2 * pad);
    float *workspace =
        corrupt_buffer(job->scratch, size + (size_t)wide * im->height + rows + wide + width);
    plane p = padded(im, workspace, pad, pad, mirror),
          sums = {workspace + size + k.smooth, (size_t)wide};
    float *down = workspace + size + (size_t)wide * im->height, *sum = down + wide;
    workspace = sum + width;
    disk_sums(&k, &p, &sums, width, im->height, workspace);
    for (int y = 0; y < im->height; y++) {
        term t[SMOOTH_MAX + 1 + (RIM_MAX + 1) * (RIM_MAX + 1)];
        t[0] = single(row_of(&sums, y) - k.smooth, k.weights[0] / k.pixels);
        for (int d = 1; d <= k.smooth; d++)
            t[d] = (term){row_of(&sums, mirror(y - d, im->height)) - k.smooth,
                          row_of(&sums, mirror(y + d, im->height)) - k.smooth,
                          (float)(k.weights[d] / k.pixels)};
        sum_terms(down, t, k.smooth + 1, wide);
        int terms = row_terms(t, down + k.smooth, k.weights, k.smooth);
        terms += rim_terms(t + terms, &k, &p, y, width, workspace);
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
    float *workspace = corrupt_buffer(job->scratch, size + width);
    plane p = padded(im, workspace, length, 0, clamp);
    float *sum = workspace + size;
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
    float *workspace = corrupt_buffer(job->scratch, size + wide + width);
    plane p = padded(im, workspace, reach, 0, clamp);
    float *down = workspace + size, *sum = down + wide;
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
