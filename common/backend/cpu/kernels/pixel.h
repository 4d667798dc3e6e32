/* One pixel's block of channels as one value, for loops that hold several of them in registers. */
#ifndef IR_PIXEL_H
#define IR_PIXEL_H

#include "kernel.h"

typedef float pixel __attribute__((vector_size(sizeof(float) * B)));
typedef int pixel_choice __attribute__((vector_size(sizeof(int) * B)));

/* Where constants among the arguments are to become constants of the code. */
#define INLINE static inline __attribute__((always_inline))

/* y < 0 ? slope y : y */
INLINE void rectify_pixel(pixel *y, float slope)
{
    const pixel below = slope * *y;
    const pixel_choice above = *y > 0;
    *y = (pixel)(((pixel_choice)*y & above) | ((pixel_choice)below & ~above));
}

#endif
