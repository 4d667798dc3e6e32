/* The weights' gradient by Winograd's algorithm: see winograd.h. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "winograd.h"
#include "winograd_tiles.h"

/* GROUP: input channels whose sums are in registers at a time. TOGETHER: strips that are summed in
 * single precision, before the sum is added to one in double. */
enum { M = 4, IN = M + 2, PLACES = IN * IN, GROUP = 8, TOGETHER = 32 };

struct winograd_gradient {
    tiling tiles;
    int ic, oc; /* logical channels */
    int threads;
    size_t sums;      /* [block of oc][place][ic, padded to GROUP][B] */
    size_t workspace; /* floats of each thread: a strip's samples and gradients [place][tile][B],
                         sums */
};

static int grouped(int channels)
{
    return (channels + GROUP - 1) / GROUP * GROUP;
}

winograd_gradient *winograd_gradient_new(const convolution *what, int threads)
{
    winograd_gradient *c = ir_calloc(1, sizeof *c);
    c->tiles = tiling_of(what->src, M);
    c->ic = what->src.c;
    c->oc = what->dst.c;
    c->threads = threads;
    c->sums = (size_t)PLACES * (size_t)grouped(c->ic) * (size_t)padded(c->oc);
    c->workspace = PLACES * (place_step(padded(c->ic)) + STRIP * B) + c->sums;
    return c;
}

void winograd_gradient_free(winograd_gradient *c)
{
    free(c);
}

/* First the threads' totals, in double, then their workspaces. */
size_t winograd_gradient_scratch_bytes(const winograd_gradient *c)
{
    return (size_t)c->threads * (c->sums * sizeof(double) + c->workspace * sizeof(float));
}

/* For one block of oc: gradients[place][tile] = A dY A' */
static void transform_gradients(const winograd_gradient *c, const float *diff_dst, int first,
                                int count, int block, pixel *gradients)
{
    const tiling *g = &c->tiles;
    const size_t plane = (size_t)g->h * (size_t)g->w * B;
    for (int i = 0; i < count; i++) {
        const tile t = tile_at(g, M, first + i);
        pixel y[M * M], half[IN * M];
        gather(g, diff_dst + (size_t)(t.image * (padded(c->oc) / B) + block) * plane, M, t.y, t.x,
               y);
        for (int x = 0; x < M; x++)
            gradients_line(y + x, M, half + x, M);
        for (int v = 0; v < IN; v++)
            gradients_line(half + v * M, 1, gradients + v * IN * STRIP + i, STRIP);
    }
}

/* sums[ic] += the sum over tiles of samples[tile][ic] gradients[tile], for a group of channels at a
 * time */
static void add_strip(const winograd_gradient *c, const float *samples, const pixel *gradients,
                      int count, pixel *sums)
{
    const int channels = padded(c->ic), groups = grouped(c->ic);
    for (int p = 0; p < PLACES; p++)
        for (int i = 0; i < groups; i += GROUP)
            add_products(sums + p * groups + i, GROUP, 1,
                         samples + (size_t)p * place_step(channels) + i, 1, channels,
                         gradients + p * STRIP, count);
}

static void add_to_totals(float *sums, double *totals, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        totals[i] += (double)sums[i];
        sums[i] = 0;
    }
}

/* One thread's strips, in order: first to last - 1. */
static void add_strips(const winograd_gradient *c, const float *src, const float *diff_dst,
                       int first, int last, float *workspace, double *totals)
{
    const int tiles = tiles_of(&c->tiles), channels = padded(c->ic), blocks = padded(c->oc) / B;
    float *sums = workspace + PLACES * (place_step(channels) + STRIP * B);
    pixel *gradients = (pixel *)(workspace + PLACES * place_step(channels));
    memset(sums, 0, c->sums * sizeof *sums);
    memset(totals, 0, c->sums * sizeof *totals);
    for (int strip = first; strip < last; strip++) {
        const int from = strip * STRIP, count = tiles - from < STRIP ? tiles - from : STRIP;
        transform_samples(&c->tiles, M, channels, src, from, count, workspace);
        for (int block = 0; block < blocks; block++) {
            transform_gradients(c, diff_dst, from, count, block, gradients);
            add_strip(c, workspace, gradients, count,
                      (pixel *)sums + (size_t)block * (c->sums / (size_t)blocks / B));
        }
        if ((strip - first) % TOGETHER == TOGETHER - 1 || strip == last - 1)
            add_to_totals(sums, totals, c->sums);
    }
}

/* G' u */
static void filter_line(const double *u, int step, double g[3])
{
    const double a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
    const double of_a = 1 / (2 * aa * (aa - bb)), of_b = 1 / (2 * bb * (bb - aa));
    const double sum_a = (u[step] + u[2 * step]) * of_a, sum_b = (u[3 * step] + u[4 * step]) * of_b;
    g[0] = u[0] / (aa * bb) + sum_a + sum_b;
    g[1] = (u[step] - u[2 * step]) * of_a * a + (u[3 * step] - u[4 * step]) * of_b * b;
    g[2] = aa * sum_a + bb * sum_b + u[5 * step];
}

/* G' u G for one pair of channels, where u is the sum of the threads' totals. */
static void filter_of(const winograd_gradient *c, const double *totals, size_t o, size_t i,
                      float *to)
{
    const size_t groups = (size_t)grouped(c->ic);
    double u[PLACES] = {0}, half[IN][3];
    for (int t = 0; t < c->threads; t++)
        for (size_t p = 0; p < PLACES; p++)
            u[p] += totals[(size_t)t * c->sums + ((o / B * PLACES + p) * groups + i) * B + o % B];
    for (int x = 0; x < IN; x++)
        filter_line(u + x, IN, half[x]);
    for (int y = 0; y < 3; y++) {
        double line[IN], g[3];
        for (int x = 0; x < IN; x++)
            line[x] = half[x][y];
        filter_line(line, 1, g);
        for (int x = 0; x < 3; x++)
            to[3 * y + x] = (float)g[x];
    }
}

void winograd_gradient_run(const winograd_gradient *c, const float *src, const float *diff_dst,
                           float *oihw, void *scratch)
{
    const int strips = (tiles_of(&c->tiles) + STRIP - 1) / STRIP, threads = c->threads;
    double *totals = scratch;
    float *workspaces = (void *)(totals + (size_t)threads * c->sums);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int t = 0; t < threads; t++)
        add_strips(c, src, diff_dst, (int)((long)strips * t / threads),
                   (int)((long)strips * (t + 1) / threads), workspaces + (size_t)t * c->workspace,
                   totals + (size_t)t * c->sums);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int o = 0; o < c->oc; o++)
        for (int i = 0; i < c->ic; i++)
            filter_of(c, totals, (size_t)o, (size_t)i,
                      oihw + 9 * ((size_t)o * (size_t)c->ic + (size_t)i));
}
