/* The white top-hat: the image minus its opening by a flat square, which is wider than a target and
 * so wipes targets out and leaves wider structures standing (Rivest and Fortin, "Detection of dim
 * targets in digital infrared imagery by morphological image processing", Optical Engineering
 * 35(7), 1996).
 *
 * A square's erosion is a running minimum along the columns and one along the rows. Running minima
 * take three comparisons a pixel whatever the width of the window (van Herk 1992; Gil and Werman
 * 1993). The square is clipped at the border. */
#include <string.h>

#include "method.h"

enum { WHITE = UINT16_MAX };

static void min_row(uint16_t *restrict to, const uint16_t *restrict from, int width)
{
#pragma omp simd
    for (int x = 0; x < width; x++)
        to[x] = from[x] < to[x] ? from[x] : to[x];
}

static void set_white(uint16_t *row, int width)
{
    memset(row, 0xff, (size_t)width * sizeof *row);
}

/* out[y] = min of in[y - radius .. y + radius], rows of `width` pixels. Cut into blocks of k =
 * 2 radius + 1 rows, a window is the end of one block and the start of the next: the minimum of a
 * suffix and of a prefix. workspace: k + 1 rows. radius < height. */
static void erode_columns(const uint16_t *in, uint16_t *out, int width, int height, int radius,
                          uint16_t *workspace)
{
    int k = 2 * radius + 1;
    size_t stride = (size_t)width;
    uint16_t *suffix = workspace, *prefix = workspace + (size_t)k * stride;
    /* The block's rows are base - radius + j, j = 0 .. k - 1; rows that do not exist are white. */
    for (int base = 0; base < height; base += k) {
        for (int j = k - 1; j >= 0; j--) {
            uint16_t *row = suffix + (size_t)j * stride;
            int y = base - radius + j;

            if (j == k - 1)
                set_white(row, width);
            else
                memcpy(row, row + stride, stride * sizeof *row);
            if (y >= 0 && y < height)
                min_row(row, in + (size_t)y * stride, width);
        }
        set_white(prefix, width);
        for (int j = 0; j < k && base + j < height; j++) {
            uint16_t *row = out + (size_t)(base + j) * stride;
            int y = base + radius + j;

            if (j > 0 && y < height)
                min_row(prefix, in + (size_t)y * stride, width);
            memcpy(row, suffix + (size_t)j * stride, stride * sizeof *row);
            min_row(row, prefix, width);
        }
    }
}

static void invert(uint16_t *pixel, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        pixel[i] = WHITE - pixel[i];
}

/* A dilation is the erosion of the negative. Leaves `in` inverted. */
static void dilate_columns(uint16_t *in, uint16_t *out, int width, int height, int radius,
                           uint16_t *workspace)
{
    size_t count = (size_t)width * (size_t)height;
    invert(in, count);
    erode_columns(in, out, width, height, radius, workspace);
    invert(out, count);
}

/* in: height x width; out: width x height. By tiles, so that both stay in the cache. */
static void transpose(const uint16_t *in, uint16_t *out, int width, int height)
{
    enum { TILE = 32 };

    for (int top = 0; top < height; top += TILE)
        for (int left = 0; left < width; left += TILE)
            for (int y = top; y < top + TILE && y < height; y++)
                for (int x = left; x < left + TILE && x < width; x++)
                    out[(size_t)x * (size_t)height + (size_t)y] =
                        in[(size_t)y * (size_t)width + (size_t)x];
}

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

solution top_hat_saliency(const ir_image *im, const double *parameter, scratch *s, float *saliency)
{
    int w = im->width, h = im->height, radius = (int)parameter[RADIUS];
    /* A window that reaches over the whole side need not be wider. */
    int across = at_most(radius, w - 1), down = at_most(radius, h - 1);
    size_t count = (size_t)w * (size_t)h;
    size_t rows = larger((2 * (size_t)down + 2) * (size_t)w, (2 * (size_t)across + 2) * (size_t)h);
    uint16_t *a = scratch_buffer(s, 0, 2 * count + rows, sizeof *a), *b = a + count,
             *workspace = b + count;
    erode_columns(im->pixel, a, w, h, down, workspace);
    transpose(a, b, w, h);
    erode_columns(b, a, h, w, across, workspace);
    dilate_columns(a, b, h, w, across, workspace);
    transpose(b, a, h, w);
    dilate_columns(a, b, w, h, down, workspace);
    for (size_t i = 0; i < count; i++)
        saliency[i] = (float)(im->pixel[i] - b[i]);
    return (solution){.converged = true};
}
