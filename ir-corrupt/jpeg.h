/* JPEG without the file: what is lost of a grey frame by coding and decoding it. */
#ifndef JPEG_H
#define JPEG_H

#include <stdint.h>

enum { JPEG_SIDE = 8 }; /* of a block */

/* sample: height rows of width samples of 8 bits, both multiples of JPEG_SIDE; in place. quality: 1
 * to 100, as libjpeg means it. The result is that of libjpeg's default transforms, bit for bit. */
void jpeg_code(uint8_t *sample, int width, int height, int quality);

#endif
