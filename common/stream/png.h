/* PNG images from and to files, by libpng. */
#ifndef IR_PNG_H
#define IR_PNG_H

#include <stdio.h>

#include "stream/image.h"

/* The image whose signature of eight bytes was read, as luma, of the maxval that its bits have
 * (with sBIT, those that count); the name is the caller's affair. Not one byte past the image is
 * read. Of an animated PNG it is the picture for those who know no animation, which is said once.
 * Dies on what libpng refuses and on sizes that ir_image does not hold. */
void ir_png_read(FILE *file, const char *what, ir_image *im);

/* Grey, of 8 bits, or of 16 where maxval is above 255. A maxval that is all ones, such as 16383,
 * comes back from it (sBIT); one below 16 takes no more bits than it has. Samples of another are
 * scaled to all bits. Does not flush; dies on a write error. */
void ir_png_write(FILE *file, const char *what, const ir_image *im);

/* Colour, of 8 bits: height x width x 3 bytes. */
void ir_png_write_rgb(FILE *file, const char *what, int width, int height,
                      const unsigned char *rgb);

#endif
