/* The effects of the camera's processor and of a codec: brightness, contrast, pixelate, jpeg. */
#include "corrupt.h"

#include <string.h>

#include "jpeg.h"

/* pixel = pixel scale + offset, in units of samples */
IR_WIDE static void scale_and_add(ir_image *im, float scale, float offset)
{
    size_t n = (size_t)im->width * im->height;
    float maxval = im->maxval;
    uint16_t *pixel = im->pixel;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        pixel[i] = corrupt_sample(pixel[i] * scale + offset, maxval);
}

/* x + c */
void corrupt_brightness(ir_image *im, corrupt_job *job)
{
    scale_and_add(im, 1, (float)(job->parameter[0] * im->maxval));
}

/* (x - mean) c + mean, the mean over the frame */
void corrupt_contrast(ir_image *im, corrupt_job *job)
{
    size_t n = (size_t)im->width * im->height;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += im->pixel[i];
    double mean = (double)sum / n, c = job->parameter[0];
    scale_and_add(im, (float)c, (float)(mean * (1 - c)));
}

/* ---- pixelate ---------------------------------------------------------------------------------*/

/* The samples begin..end - 1 of a side. */
typedef struct {
    int begin, end;
} span;

/* Which samples of a side of n fall into each of the small cells, as Pillow's box filter counts
 * them: those whose centre lies in the cell, none in part. Its arithmetic is followed to the
 * letter, for a centre on the border between two cells may belong to either, both or none of them.
 */
static void box_cells(int n, int small, span *cell)
{
    double scale = (double)n / small, half = scale * 0.5;
    for (int i = 0; i < small; i++) {
        double centre = (i + 0.5) * scale;
        int begin = (int)(centre - half + 0.5), end = (int)(centre + half + 0.5);
        end = end < n ? end : n;
        while ((end - 1 - centre + 0.5) * (1 / scale) > 0.5)
            end--;
        cell[i] = (span){begin, end};
    }
}

/* Which cell each of n samples shows: the one that its centre lies in. The position is summed up
 * step by step, as Pillow does it, so that ties fall to the same side. */
static void nearest_cells(int n, int small, int *cell)
{
    double step = (double)small / n, position = step * 0.5;
    for (int i = 0; i < n; i++, position += step)
        cell[i] = (int)position < small ? (int)position : small - 1;
}

/* sum[x] = the sum of column x over some rows of the frame: below 2^32, since a frame has at most
 * 2^15 rows. */
IR_WIDE static void add_rows(const ir_image *im, span row, uint32_t *restrict sum)
{
    int width = im->width;
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (int y = row.begin; y < row.end; y++) {
        const uint16_t *pixel = im->pixel + (size_t)y * width;
#pragma omp simd
        for (int x = 0; x < width; x++)
            sum[x] += pixel[x];
    }
}

/* cell[i] = the sum over column i of cells, from the sums of the columns of pixels: cells of up to
 * 7 x 7 pixels. */
static void add_columns(const uint32_t *sum, const span *column, int small, int32_t *cell)
{
    for (int i = 0; i < small; i++) {
        uint32_t all = 0;
        for (int x = column[i].begin; x < column[i].end; x++)
            all += sum[x];
        cell[i] = (int32_t)all;
    }
}

/* The means of one row of cells of so many rows. The quotient of whole numbers below 2^53, cut off
 * after the point, is that of integers, and sooner there. */
IR_WIDE static void cell_means(const int32_t *restrict cell, const span *restrict column, int rows,
                               int small, uint16_t *restrict mean)
{
#pragma omp simd
    for (int i = 0; i < small; i++) {
        int32_t count = rows * (column[i].end - column[i].begin);
        mean[i] = (uint16_t)(int32_t)((2.0 * cell[i] + count) / (2.0 * count));
    }
}

static int shrunk(int side, double scale)
{
    int small = (int)(side * scale);
    return small > 0 ? small : 1;
}

/* The frame shrunk to c of its size by means over boxes, and back by nearest neighbour. */
void corrupt_pixelate(ir_image *im, corrupt_job *job)
{
    int width = im->width, height = im->height;
    int across = shrunk(width, job->parameter[0]), down = shrunk(height, job->parameter[0]);
    size_t spans = (size_t)across + down, sides = 2 * (size_t)width + height;
    size_t cells = (size_t)across * down;
    span *column = (span *)corrupt_buffer(job->scratch, 2 * spans + sides + across + cells);
    span *row = column + across;
    int *column_of = (int *)(row + down), *row_of = column_of + width;
    uint32_t *sum = (uint32_t *)(row_of + height);
    int32_t *cell = (int32_t *)(sum + width);
    uint16_t *mean = (uint16_t *)(cell + across);
    box_cells(width, across, column);
    box_cells(height, down, row);
    for (int i = 0; i < down; i++) {
        add_rows(im, row[i], sum);
        add_columns(sum, column, across, cell);
        cell_means(cell, column, row[i].end - row[i].begin, across, mean + (size_t)i * across);
    }
    nearest_cells(width, across, column_of);
    nearest_cells(height, down, row_of);
    for (int y = 0; y < height; y++) {
        const uint16_t *from = mean + (size_t)row_of[y] * across;
        uint16_t *to = im->pixel + (size_t)y * width;
        if (y > 0 && row_of[y] == row_of[y - 1]) {
            memcpy(to, to - width, (size_t)width * sizeof *to);
            continue;
        }
        for (int x = 0; x < width; x++)
            to[x] = from[column_of[x]];
    }
}

/* ---- jpeg -------------------------------------------------------------------------------------*/

enum { BYTE_MAX = 255 };

/* A frame in 8 bits: rows of stride samples, a whole number of JPEG's blocks each way, where the
 * last column and the last row of the frame go on. */
typedef struct {
    uint8_t *sample;
    int width, height, stride, rows;
} grey_frame;

static int whole_blocks(int side)
{
    return (side + JPEG_SIDE - 1) / JPEG_SIDE * JPEG_SIDE;
}

/* Samples scaled to 8 bits and rounded; the quotient as in cell_means(). */
IR_WIDE static void to_bytes(const uint16_t *restrict pixel, uint8_t *restrict byte, int n,
                             int maxval)
{
    double divisor = 2.0 * maxval;
    if (maxval == BYTE_MAX) {
#pragma omp simd
        for (int i = 0; i < n; i++)
            byte[i] = (uint8_t)pixel[i];
        return;
    }
#pragma omp simd
    for (int i = 0; i < n; i++)
        byte[i] = (uint8_t)(int32_t)((double)(pixel[i] * 2 * BYTE_MAX + maxval) / divisor);
}

/* And back. */
IR_WIDE static void from_bytes(const uint8_t *restrict byte, uint16_t *restrict pixel, int n,
                               int maxval)
{
    uint32_t factor = 2 * (uint32_t)maxval;
    if (maxval == BYTE_MAX) {
#pragma omp simd
        for (int i = 0; i < n; i++)
            pixel[i] = byte[i];
        return;
    }
#pragma omp simd
    for (int i = 0; i < n; i++)
        pixel[i] = (uint16_t)((byte[i] * factor + BYTE_MAX) / (2 * BYTE_MAX));
}

static void fill_grey(const ir_image *im, grey_frame *grey)
{
    int beside = grey->stride - im->width;
    for (int y = 0; y < im->height; y++) {
        uint8_t *row = grey->sample + (size_t)y * grey->stride;
        to_bytes(im->pixel + (size_t)y * im->width, row, im->width, im->maxval);
        memset(row + im->width, row[im->width - 1], (size_t)beside);
    }
    for (int y = im->height; y < grey->rows; y++) {
        uint8_t *row = grey->sample + (size_t)y * grey->stride;
        memcpy(row, row - grey->stride, (size_t)grey->stride);
    }
}

/* To JPEG at quality c and back. Samples of other depths are scaled to 8 bits for it. */
void corrupt_jpeg(ir_image *im, corrupt_job *job)
{
    grey_frame grey = {NULL, im->width, im->height, whole_blocks(im->width),
                       whole_blocks(im->height)};
    size_t bytes = (size_t)grey.stride * grey.rows;
    grey.sample = (uint8_t *)corrupt_buffer(job->scratch, bytes / sizeof(float));
    fill_grey(im, &grey);
    jpeg_code(grey.sample, grey.stride, grey.rows, (int)job->parameter[0]);
    for (int y = 0; y < im->height; y++)
        from_bytes(grey.sample + (size_t)y * grey.stride, im->pixel + (size_t)y * im->width,
                   im->width, im->maxval);
}
