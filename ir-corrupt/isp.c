/* What the camera's processor and a codec do: brightness, contrast, pixelate, jpeg. */
#include "corrupt.h"

#include <stdlib.h>

#include <jpeglib.h> /* needs what corrupt.h brings in */

#include "base/base.h"

/* pixel = pixel scale + offset, in units of samples */
CORRUPT_FAST static void scale_and_add(ir_image *im, float scale, float offset)
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

/* The means of one row of cells of the frame. */
static void cell_means(const ir_image *im, span row, const span *column, int small, uint16_t *mean)
{
    for (int i = 0; i < small; i++) {
        uint64_t sum = 0,
                 count = (uint64_t)(row.end - row.begin) * (column[i].end - column[i].begin);
        for (int y = row.begin; y < row.end; y++) {
            const uint16_t *pixel = im->pixel + (size_t)y * im->width;
            for (int x = column[i].begin; x < column[i].end; x++)
                sum += pixel[x];
        }
        mean[i] = (uint16_t)((2 * sum + count) / (2 * count));
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
    size_t spans = (size_t)across + down, sides = (size_t)width + height;
    span *column = (span *)corrupt_room(job->scratch, 2 * spans + sides + (size_t)across * down);
    span *row = column + across;
    int *column_of = (int *)(row + down), *row_of = column_of + width;
    uint16_t *mean = (uint16_t *)(row_of + height);

    box_cells(width, across, column);
    box_cells(height, down, row);
    for (int i = 0; i < down; i++)
        cell_means(im, row[i], column, across, mean + (size_t)i * across);
    nearest_cells(width, across, column_of);
    nearest_cells(height, down, row_of);
    for (int y = 0; y < height; y++) {
        const uint16_t *from = mean + (size_t)row_of[y] * across;
        uint16_t *to = im->pixel + (size_t)y * width;
        for (int x = 0; x < width; x++)
            to[x] = from[column_of[x]];
    }
}

/* ---- jpeg -------------------------------------------------------------------------------------*/

_Noreturn static void jpeg_failed(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    ir_die("jpeg: %s", text);
}

static struct jpeg_error_mgr *error_manager(struct jpeg_error_mgr *error)
{
    jpeg_std_error(error);
    error->error_exit = jpeg_failed;
    return error;
}

/* grey: width x height samples of 8 bits. The result is libjpeg's: free() it. */
static unsigned char *compress(const JSAMPLE *grey, int width, int height, int quality,
                               unsigned long *size)
{
    struct jpeg_error_mgr error;
    struct jpeg_compress_struct jpeg = {.err = error_manager(&error)};
    unsigned char *data = NULL;
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, size);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = 1;
    jpeg.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)grey + (size_t)jpeg.next_scanline * width;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return data;
}

static void decompress(const unsigned char *data, unsigned long size, JSAMPLE *grey, int width)
{
    struct jpeg_error_mgr error;
    struct jpeg_decompress_struct jpeg = {.err = error_manager(&error)};
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, data, size);
    jpeg_read_header(&jpeg, TRUE);
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW row = grey + (size_t)jpeg.output_scanline * width;
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
}

/* To JPEG at quality c and back. Samples of other depths are scaled to 8 bits for it. */
void corrupt_jpeg(ir_image *im, corrupt_job *job)
{
    size_t n = (size_t)im->width * im->height;
    uint32_t maxval = im->maxval;
    JSAMPLE *grey = (JSAMPLE *)corrupt_room(job->scratch, n / sizeof(float) + 1);
    for (size_t i = 0; i < n; i++)
        grey[i] = (JSAMPLE)((im->pixel[i] * 510u + maxval) / (2 * maxval));
    unsigned long size = 0;
    unsigned char *data = compress(grey, im->width, im->height, (int)job->parameter[0], &size);
    decompress(data, size, grey, im->width);
    free(data);
    for (size_t i = 0; i < n; i++)
        im->pixel[i] = (uint16_t)((grey[i] * 2 * maxval + 255) / 510);
}
