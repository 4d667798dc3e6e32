/* Frames as pictures: see picture.h. */
#include "stream/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void ir_picture_from(ir_picture *p, const ir_image *frame, int black, int white)
{
    const size_t pixels = (size_t)frame->width * (size_t)frame->height;
    const int range = white - black;
    unsigned char *to;
    if (pixels > p->capacity) {
        free(p->rgb);
        p->rgb = ir_calloc(pixels, 3);
        p->capacity = pixels;
    }
    p->width = frame->width;
    p->height = frame->height;
    to = p->rgb;
    for (size_t i = 0; i < pixels; i++, to += 3) {
        const int v = frame->pixel[i] - black;
        const int grey = v <= 0 ? 0 : v >= range ? 255 : (255 * v + range / 2) / range;
        to[0] = to[1] = to[2] = (unsigned char)grey;
    }
}

void ir_picture_free(ir_picture *p)
{
    free(p->rgb);
    *p = (ir_picture){0};
}

void ir_picture_set(ir_picture *p, int x, int y, ir_colour colour)
{
    if (x < 0 || y < 0 || x >= p->width || y >= p->height)
        return;
    memcpy(p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x),
           (unsigned char[]){colour.red, colour.green, colour.blue}, 3);
}

void ir_picture_write_ppm(const ir_picture *p, FILE *file, const char *what)
{
    const size_t pixels = (size_t)p->width * (size_t)p->height;
    if (fprintf(file, "P6\n%d %d\n255\n", p->width, p->height) < 0 ||
        fwrite(p->rgb, 3, pixels, file) != pixels)
        ir_die_errno("%s", what);
}
