/* What must be true of every image that a reader gives. */
#ifndef IR_FUZZ_PIXELS_H
#define IR_FUZZ_PIXELS_H

#include "stream/image.h"

/* A fault where the size, the maxval or a sample is out of its range. */
void check_image(const ir_image *im);

#endif
