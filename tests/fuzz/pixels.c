/* Images that readers give; see pixels.h. */
#include "pixels.h"

#include "contain.h"

void check_image(const ir_image *im)
{
    size_t pixels = (size_t)im->width * (size_t)im->height;
    if (im->width < 1 || im->height < 1 || im->width > IR_MAX_SIDE || im->height > IR_MAX_SIDE ||
        pixels > IR_MAX_PIXELS || im->maxval < 1 || im->maxval > 65535)
        fault("an image of %dx%d, maxval %d", im->width, im->height, im->maxval);
    for (size_t i = 0; i < pixels; i++)
        if (im->pixel[i] > im->maxval)
            fault("sample %zu is %d, above the maxval %d", i, im->pixel[i], im->maxval);
}
