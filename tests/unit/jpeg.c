/* JPEG without the file against libjpeg.
 *
 *   test-jpeg    for every quality and kind of frame how many samples differ: "KIND QUALITY COUNT"
 * of those that do, and "N frames, N differ"; exit 1 when one does */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h> /* needs stdio.h */

#include "../../ir-corrupt/jpeg.h"
#include "base/base.h"
#include "base/philox.h"

enum { WIDTH = 264, HEIGHT = 72 };

/* What jpeg_code() does, through libjpeg. */
static void code_by_libjpeg(uint8_t *sample, int quality)
{
    struct jpeg_error_mgr error;
    struct jpeg_compress_struct to = {.err = jpeg_std_error(&error)};
    struct jpeg_decompress_struct from = {.err = &error};
    unsigned char *data = NULL;
    unsigned long size = 0;
    jpeg_create_compress(&to);
    jpeg_mem_dest(&to, &data, &size);
    to.image_width = WIDTH;
    to.image_height = HEIGHT;
    to.input_components = 1;
    to.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&to);
    jpeg_set_quality(&to, quality, TRUE);
    jpeg_start_compress(&to, TRUE);
    for (int y = 0; y < HEIGHT; y++)
        jpeg_write_scanlines(&to, &(JSAMPROW){sample + (size_t)y * WIDTH}, 1);
    jpeg_finish_compress(&to);
    jpeg_destroy_compress(&to);

    jpeg_create_decompress(&from);
    jpeg_mem_src(&from, data, size);
    jpeg_read_header(&from, TRUE);
    jpeg_start_decompress(&from);
    for (int y = 0; y < HEIGHT; y++)
        jpeg_read_scanlines(&from, &(JSAMPROW){sample + (size_t)y * WIDTH}, 1);
    jpeg_finish_decompress(&from);
    jpeg_destroy_decompress(&from);
    free(data);
}

static const char *const kinds[] = {"black", "white", "board", "bars",  "noise",
                                    "ink",   "faint", "slope", "point", "waves"};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Constants, the extremes side by side, noise of all and of little contrast, and what is smooth but
 * for a bright point; waves of every frequency, block by block, up to what fits. */
static int sample_of(int kind, int x, int y, ir_rng *rng)
{
    static const int cosine[] = {128, 126, 118, 106, 91, 71, 49, 25, 0}; /* of 0 to pi / 2 */
    int wave[2], at[2] = {x, y};
    double u = ir_rng_uniform(rng);
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return 255;
    case 2:
        return (x + y) % 2 * 255;
    case 3:
        return x / 4 % 2 * 255;
    case 4:
        return (int)(u * 256);
    case 5:
        return u < 0.5 ? 0 : 255;
    case 6:
        return 100 + (int)(u * 16);
    case 7:
        return (x + 2 * y) % 256;
    case 8:
        return x % 32 == 13 && y % 32 == 21 ? 255 : 20 + x / 8;
    }
    for (int i = 0; i < 2; i++) {
        int angle = (2 * (at[i] % 8) + 1) * (at[i] / 8 % 8) % 32; /* in parts of 2 pi / 32 */
        angle = angle > 16 ? 32 - angle : angle;
        wave[i] = angle > 8 ? -cosine[16 - angle] : cosine[angle];
    }
    int sample = 128 + wave[0] * wave[1] / 128;
    return sample < 255 ? sample : 255;
}

int main(void)
{
    static uint8_t ours[WIDTH * HEIGHT], theirs[WIDTH * HEIGHT];
    int frames = 0, wrong = 0;
    ir_start("test-jpeg");
    ir_rng rng = ir_rng_make(1, "jpeg", "x", 0);
    for (int kind = 0; kind < KINDS; kind++)
        for (int quality = 1; quality <= 100; quality++) {
            int differ = 0;
            for (int i = 0; i < WIDTH * HEIGHT; i++)
                ours[i] = (uint8_t)sample_of(kind, i % WIDTH, i / WIDTH, &rng);
            memcpy(theirs, ours, sizeof theirs);
            jpeg_code(ours, WIDTH, HEIGHT, quality);
            code_by_libjpeg(theirs, quality);
            for (int i = 0; i < WIDTH * HEIGHT; i++)
                differ += ours[i] != theirs[i];
            if (differ)
                printf("%s %d %d\n", kinds[kind], quality, differ);
            frames++;
            wrong += differ > 0;
        }
    printf("%d frames, %d differ\n", frames, wrong);
    ir_flush(stdout, "standard output");
    return wrong > 0;
}
