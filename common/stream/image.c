/* Images in memory. Reading and writing them is in netpbm.c and png.c. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stream/image.h"

void ir_image_check_size(const char *what, long width, long height)
{
    if (width < 1 || height < 1)
        ir_die("%s: the image is %ldx%ld", what, width, height);
    if (width > IR_MAX_SIDE || height > IR_MAX_SIDE || width * height > IR_MAX_PIXELS)
        ir_die("%s: %ldx%ld is too large (at most %d a side, %d pixels)", what, width, height,
               IR_MAX_SIDE, IR_MAX_PIXELS);
}

void ir_image_resize(ir_image *im, int width, int height)
{
    size_t pixels = (size_t)width * (size_t)height;
    if (pixels > im->capacity) {
        free(im->pixel);
        im->pixel = ir_calloc(pixels, sizeof *im->pixel);
        im->capacity = pixels;
    }
    im->width = width;
    im->height = height;
}

void ir_image_copy(ir_image *to, const ir_image *from)
{
    ir_image_resize(to, from->width, from->height);
    to->maxval = from->maxval;
    memcpy(to->pixel, from->pixel, (size_t)from->width * (size_t)from->height * sizeof *to->pixel);
    ir_image_set_name(to, from->name ? from->name : "");
}

void ir_image_set_name(ir_image *im, const char *name)
{
    if (im->name && strcmp(im->name, name) == 0)
        return;
    char *copy = ir_strdup(name); /* before free(): name may be im->name or lie in it */
    free(im->name);
    im->name = copy;
}

void ir_image_free(ir_image *im)
{
    free(im->pixel);
    free(im->name);
    *im = (ir_image){0};
}

int ir_image_level_above(double threshold, int maxval)
{
    int level = (int)(threshold * maxval);
    /* The product may be off by a rounding; the quotient decides. */
    while (level > 0 && (double)(level - 1) / maxval > threshold)
        level--;
    while (level <= maxval && (double)level / maxval <= threshold)
        level++;
    return level;
}

/* The source of pixel i of n, among m: the one that holds the centre, floor((i + 1/2) m / n). */
static int nearest(int i, int n, int m)
{
    return (int)((2 * (int64_t)i + 1) * m / (2 * (int64_t)n));
}

void ir_image_scale_nearest(ir_image *im, int width, int height)
{
    if (width == im->width && height == im->height)
        return;
    uint16_t *pixel = ir_calloc((size_t)width * (size_t)height, sizeof *pixel);
    for (int y = 0; y < height; y++) {
        const uint16_t *row = im->pixel + (size_t)nearest(y, height, im->height) * im->width;
        for (int x = 0; x < width; x++)
            pixel[(size_t)y * width + x] = row[nearest(x, width, im->width)];
    }
    free(im->pixel);
    im->pixel = pixel;
    im->width = width;
    im->height = height;
    im->capacity = (size_t)width * (size_t)height;
}
