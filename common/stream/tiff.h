/* TIFF files, page by page, by libtiff.
 *
 * Netpbm's tifftopnm is not used: it reduces 16 bits to 8, writes pages that it could not read, and
 * reports success in both cases. */
#ifndef IR_TIFF_H
#define IR_TIFF_H

#include <stdio.h>

#include "stream/image.h"

typedef struct ir_tiff ir_tiff;

/* A regular file, at its beginning; it is closed. Dies when it is no TIFF. */
ir_tiff *ir_tiff_open(FILE *file, const char *path);
/* Reads the next page as luma, with the maxval of its bits, turned as its orientation says; false
 * after the last. Reads grey, colours and palettes of 1 to 16 bits; skips thumbnails and
 * transparency masks. Dies, with `what` before the message, on floating-point, signed and wider
 * samples, on sizes that ir_image cannot hold and on what libtiff cannot read. */
bool ir_tiff_next(ir_tiff *tiff, const char *what, ir_image *im);
void ir_tiff_close(ir_tiff *tiff);

#endif
