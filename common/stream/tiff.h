/* TIFF files, page by page, by libtiff.
 *
 * Netpbm's tifftopnm is not asked: it makes 8 bits of 16, writes pages that it could not read, and
 * ends well after both. */
#ifndef IR_TIFF_H
#define IR_TIFF_H

#include <stdio.h>

#include "stream/image.h"

typedef struct ir_tiff ir_tiff;

/* A regular file, at its beginning; it is closed. Dies when it is no TIFF. */
ir_tiff *ir_tiff_open(FILE *file, const char *path);
/* The next page as luma, of the maxval that its bits have, turned as its orientation says; false
 * behind the last. Grey, colours and palettes of 1 to 16 bits; thumbnails and transparency masks
 * are passed over. Dies on floating-point, signed and wider samples, on sizes that ir_image does
 * not hold and on what libtiff cannot read, with `what` before the message. */
bool ir_tiff_next(ir_tiff *tiff, const char *what, ir_image *im);
void ir_tiff_close(ir_tiff *tiff);

#endif
