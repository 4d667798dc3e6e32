/* For winograd.c and winograd_gradient.c: the tiles of an image, and products of the matrices with
 * a line of numbers. m is 2 or 4, a constant in every call, so that all loops are unrolled. */
#ifndef IR_WINOGRAD_TILES_H
#define IR_WINOGRAD_TILES_H

#include <stdbool.h>

#include "pixel.h"

/* STRIP: tiles that are transformed together; the result stays in the cache. Tiles are counted by
 * image, row and column. */
enum { STRIP = 24, MOST_IN = 6, MOST_PLACES = MOST_IN * MOST_IN };

#define POINT_A 0.625f
#define POINT_B 1.5f
#define A2      (POINT_A * POINT_A)
#define B2      (POINT_B * POINT_B)

static inline int padded(int channels)
{
    return (channels + B - 1) / B * B;
}

/* ---- lines: x[step], y[to_step] apart -------------------------------------------------------- */

/* B' x: m + 2 samples */
INLINE void samples_line(int m, const pixel *x, int step, pixel *y, int to_step)
{
    const pixel x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step];
    if (m == 2) {
        y[0] = x0 - x2;
        y[to_step] = x1 + x2;
        y[2 * to_step] = x2 - x1;
        y[3 * to_step] = x1 - x3;
        return;
    }
    const pixel x4 = x[4 * step], x5 = x[5 * step];
    const pixel even_a = x4 - B2 * x2, odd_a = POINT_A * (x3 - B2 * x1);
    const pixel even_b = x4 - A2 * x2, odd_b = POINT_B * (x3 - A2 * x1);
    y[0] = A2 * B2 * x0 - (A2 + B2) * x2 + x4;
    y[to_step] = even_a + odd_a;
    y[2 * to_step] = even_a - odd_a;
    y[3 * to_step] = even_b + odd_b;
    y[4 * to_step] = even_b - odd_b;
    y[5 * to_step] = A2 * B2 * x1 - (A2 + B2) * x3 + x5;
}

/* A' x: m + 2 sums to m results */
INLINE void results_line(int m, const pixel *x, int step, pixel *y, int to_step)
{
    const pixel sum_a = x[step] + x[2 * step], difference_a = x[step] - x[2 * step];
    if (m == 2) {
        y[0] = x[0] + sum_a;
        y[to_step] = difference_a - x[3 * step];
        return;
    }
    const pixel sum_b = x[3 * step] + x[4 * step], difference_b = x[3 * step] - x[4 * step];
    y[0] = x[0] + sum_a + sum_b;
    y[to_step] = POINT_A * difference_a + POINT_B * difference_b;
    y[2 * to_step] = A2 * sum_a + B2 * sum_b;
    y[3 * to_step] = POINT_A * A2 * difference_a + POINT_B * B2 * difference_b + x[5 * step];
}

/* A x for m = 4: gradients of 4 results to those of 6 sums */
INLINE void gradients_line(const pixel *x, int step, pixel *y, int to_step)
{
    const pixel x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step];
    const pixel even_a = x0 + A2 * x2, odd_a = POINT_A * (x1 + A2 * x3);
    const pixel even_b = x0 + B2 * x2, odd_b = POINT_B * (x1 + B2 * x3);
    y[0] = x0;
    y[to_step] = even_a + odd_a;
    y[2 * to_step] = even_a - odd_a;
    y[3 * to_step] = even_b + odd_b;
    y[4 * to_step] = even_b - odd_b;
    y[5 * to_step] = x3;
}

/* ---- tiles --------------------------------------------------------------------------------- */

/* The images that are cut into tiles of m x m. */
typedef struct {
    int n, h, w, across, down;
} tiling;

INLINE tiling tiling_of(ir_shape s, int m)
{
    return (tiling){s.n, s.h, s.w, (s.w + m - 1) / m, (s.h + m - 1) / m};
}

INLINE int tiles_of(const tiling *g)
{
    return g->n * g->down * g->across;
}

typedef struct {
    int image, y, x; /* of its first result */
} tile;

INLINE tile tile_at(const tiling *g, int m, int i)
{
    const int row = i / g->across;
    return (tile){row / g->down, row % g->down * m, i % g->across * m};
}

/* side x side pixels of one plane from row y and column x on, zeros outside of the image. */
INLINE void gather(const tiling *g, const float *plane, int side, int y, int x, pixel *d)
{
    const pixel *at = (const pixel *)plane + (ptrdiff_t)y * g->w + x;
    if (y >= 0 && x >= 0 && y + side <= g->h && x + side <= g->w) {
        for (int v = 0; v < side; v++)
            for (int u = 0; u < side; u++)
                d[v * side + u] = at[v * g->w + u];
        return;
    }
    for (int v = 0; v < side; v++)
        for (int u = 0; u < side; u++) {
            const bool inside = y + v >= 0 && y + v < g->h && x + u >= 0 && x + u < g->w;
            d[v * side + u] = inside ? at[v * g->w + u] : (pixel){0};
        }
}

/* Floats from one place of a strip's samples to the next: a line of the cache more than they need.
 * Otherwise all places would share a few of the cache's sets. */
INLINE size_t place_step(int channels)
{
    return (size_t)STRIP * (size_t)channels + B;
}

/* For a strip of count tiles from first on: samples[place][tile][channel] = B' d B. */
INLINE void transform_samples(const tiling *g, int m, int channels, const float *src, int first,
                              int count, float *samples)
{
    const int in = m + 2;
    const size_t plane = (size_t)g->h * (size_t)g->w * B, step = place_step(channels);
    for (int i = 0; i < count; i++) {
        const tile t = tile_at(g, m, first + i);
        for (int k = 0; k < channels; k += B) {
            pixel d[MOST_PLACES], line[MOST_IN];
            gather(g, src + (size_t)(t.image * channels + k) / B * plane, in, t.y - 1, t.x - 1, d);
            for (int x = 0; x < in; x++)
                samples_line(m, d + x, in, d + x, in);
            for (int y = 0; y < in; y++) {
                float *to = samples + (size_t)(y * in) * step + (size_t)(i * channels + k);
                samples_line(m, d + y * in, 1, line, 1);
                for (int x = 0; x < in; x++)
                    *(pixel *)(to + (size_t)x * step) = line[x];
            }
        }
    }
}

#endif
