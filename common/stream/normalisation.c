/* How samples are normalised: see normalisation.h. */
#include "stream/normalisation.h"

#include <math.h>
#include <stddef.h>

ir_normalisation ir_image_moments(const ir_image *im)
{
    const size_t size = (size_t)im->width * (size_t)im->height;
    uint64_t sum = 0, squares = 0;
    for (size_t i = 0; i < size; i++) {
        sum += im->pixel[i];
        squares += (uint64_t)im->pixel[i] * im->pixel[i];
    }
    const double mean = (double)sum / (double)size;
    const double variance = (double)squares / (double)size - mean * mean;
    return (ir_normalisation){.mean = mean / im->maxval,
                              .std = sqrt(variance > 0 ? variance : 0) / im->maxval};
}

ir_normalisation ir_normalisation_for(const ir_normalisation *n, const ir_image *im)
{
    if (!n->own)
        return *n;
    ir_normalisation moments = ir_image_moments(im);
    moments.std = fmax(moments.std, 1.0 / im->maxval);
    return moments;
}
