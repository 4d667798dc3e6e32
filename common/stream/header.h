/* Headers of Netpbm images: PBM, PGM, PPM (plain and raw) and PAM. In a stream of them a PNG may
 * stand. */
#ifndef IR_HEADER_H
#define IR_HEADER_H

#include <stdbool.h>
#include <stdio.h>

typedef struct {
    int kind; /* the digit of the magic number, 1 to 7, or IR_HEADER_PNG */
    int width, height;
    int maxval;  /* 1 to 65535 */
    int depth;   /* samples of a pixel, 1 to 4 */
    int colours; /* of these: 1 is grey, 3 are colour; any other is alpha */
} ir_header;

/* Of a PNG nothing but its signature is read, and nothing but the kind is set. */
enum { IR_HEADER_PNG = 8 };

/* The header of the next image, white space before it left out; reads not one byte of the raster.
 * False at a clean end of the file. Dies, with `what` before the message, at what is no such
 * header and at sizes that ir_image does not hold. Time is linear in the header, whatever it is
 * filled with, and memory does not grow. */
bool ir_header_read(FILE *file, const char *what, ir_header *h);

/* The next sample of a plain raster: a number, or a single digit of a plain PBM, where 1 is black
 * and comes out as 0. The file may end right behind it. Dies at what is none and above maxval. */
int ir_header_sample(FILE *file, const char *what, const ir_header *h);

#endif
