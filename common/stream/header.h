/* Headers of Netpbm images: PBM, PGM, PPM (plain and raw) and PAM. A stream of them may also hold
 * PNG. */
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

/* A PNG: only its signature is read, and only the kind is set. */
enum { IR_HEADER_PNG = 8 };

/* Reads the header of the next image, after any white space, and not one byte of its raster. False
 * at a clean end of the file. Dies, with `what` before the message, on a bad header and on sizes
 * that ir_image cannot hold. Time is linear in the header's length; memory does not grow. */
bool ir_header_read(FILE *file, const char *what, ir_header *h);

/* The next sample of a plain raster: a number, or one digit of a plain PBM, where 1 is black and
 * becomes 0. The file may end right after it. Dies on anything else and on samples above maxval. */
int ir_header_sample(FILE *file, const char *what, const ir_header *h);

#endif
