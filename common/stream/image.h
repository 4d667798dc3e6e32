/* One image in memory, and images of a stream read from and written to files.
 *
 * Every program reads PBM, PGM, PPM and PAM, plain and raw, 1 to 16 bits, through libnetpbm, and
 * PNG through libpng; colour becomes luma, 0.299 R + 0.587 G + 0.114 B, rounded; an alpha plane is
 * ignored. Files of other formats are source.h's. */
#ifndef IR_IMAGE_H
#define IR_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { IR_MAX_SIDE = 32768, IR_MAX_PIXELS = 1 << 28 };

typedef struct {
    int width, height;
    int maxval;      /* 1..65535 */
    uint16_t *pixel; /* height x width samples, 0..maxval, row by row */
    char *name;      /* item name: base name without extension, "#2" for a file's second image */
    size_t capacity; /* pixels allocated */
} ir_image;

/* Reads the next image of a file of Netpbm and PNG into im and reuses its memory; the caller sets
 * the name. False at a clean end of the file. what: the item, for error messages. Dies on a
 * truncated raster, a bad header, a size beyond IR_MAX_SIDE or IR_MAX_PIXELS. Reads not one byte
 * past the image. */
bool ir_image_read(FILE *file, const char *what, ir_image *im);

/* Raw PGM, two bytes a sample (most significant first) when maxval > 255. Does not flush; dies on a
 * write error. */
void ir_image_write(FILE *file, const char *what, const ir_image *im);

/* Dies unless an image may have this size. */
void ir_image_check_size(const char *what, long width, long height);
void ir_image_resize(ir_image *im, int width, int height); /* pixels become undefined */
void ir_image_copy(ir_image *to, const ir_image *from);    /* pixels and name */
void ir_image_set_name(ir_image *im, const char *name);
void ir_image_free(ir_image *im);

/* A colour as grey: 0.299 R + 0.587 G + 0.114 B, rounded; samples of up to 16 bits. */
static inline uint16_t ir_luma(unsigned int red, unsigned int green, unsigned int blue)
{
    return (uint16_t)((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

/* Whether a mask's pixel is true: above half of maxval, after ir_masks_read() of mask.h. */
static inline bool ir_image_true(const ir_image *im, size_t i)
{
    return 2 * (int)im->pixel[i] > im->maxval;
}

/* The smallest sample v for which v / maxval > threshold (0..1); maxval + 1 when there is none. */
int ir_image_level_above(double threshold, int maxval);

/* The mask scaled to width x height by nearest neighbour (pixel centres), in place. */
void ir_image_scale_nearest(ir_image *im, int width, int height);

#endif
