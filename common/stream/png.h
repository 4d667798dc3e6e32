/* PNG images from and to files, by libpng. */
#ifndef IR_PNG_H
#define IR_PNG_H

#include <stdio.h>

#include "stream/image.h"

/* Reads an image, whose signature of eight bytes has been read, as luma. Its maxval has the PNG's
 * bits, or those that sBIT calls significant. The caller sets the name. Reads not one byte past the
 * image. An animated PNG gives its still picture, and one warning. Dies on what libpng refuses and
 * on sizes that ir_image cannot hold. */
void ir_png_read(FILE *file, const char *what, ir_image *im);

/* Writes grey of 8 bits, or of 16 for a maxval above 255. A maxval of 2^n - 1, such as 16383, is
 * kept (sBIT); below 16 the PNG has only those bits. Samples of another maxval are scaled to all
 * bits. Does not flush; dies on a write error. */
void ir_png_write(FILE *file, const char *what, const ir_image *im);

/* Colour, of 8 bits: height x width x 3 bytes. */
void ir_png_write_rgb(FILE *file, const char *what, int width, int height,
                      const unsigned char *rgb);

#endif
