/* Classical detectors: from an image to a saliency, high where a small target is. */
#ifndef IR_DETECT_METHOD_H
#define IR_DETECT_METHOD_H

#include <stddef.h>

#include "stream/image.h"

typedef struct {
    int radius; /* of top-hat's structuring element, pixels */
} method_options;

enum { TOP_HAT_RADIUS = 5 }; /* the default */

/* Working memory that is used again from image to image; zero it first. */
typedef struct {
    void *memory;
    size_t bytes;
} scratch;

/* count elements of size bytes, undefined. */
void *scratch_room(scratch *s, size_t count, size_t size);
void scratch_free(scratch *s);

typedef struct {
    const char *name; /* as given to -m */
    /* Writes height x width values in units of the image's samples. */
    void (*saliency)(const ir_image *im, const method_options *o, scratch *s, float *saliency);
    double k; /* its default threshold is mean + k standard deviations of the saliency */
} method;

enum { METHODS = 1 };
extern const method methods[METHODS];

void top_hat_saliency(const ir_image *im, const method_options *o, scratch *s, float *saliency);

#endif
