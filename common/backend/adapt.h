/* The statistics of an adapting batch norm (graph/adaptation.h), one channel at a time, the same
 * for every backend. */
#ifndef IR_ADAPT_H
#define IR_ADAPT_H

#include <stddef.h>

#include "base/host_device.h"

typedef struct {
    double mean, var; /* biased */
} ir_statistics;

/* A channel's history: the number of images so far, then mean and variance of the last ones in a
 * ring. It starts as zeros. */
#define IR_ADAPT_NUMBERS(window) (1 + 2 * (size_t)(window))

/* The statistics of the remembered images together; each image counts the same, whatever its size.
 */
static inline IR_HOST_DEVICE ir_statistics ir_adapt_pool(const double *seen, long images)
{
    ir_statistics all = {0, 0};
    for (long i = 0; i < images; i++)
        all.mean += seen[1 + 2 * i] / (double)images;
    for (long i = 0; i < images; i++) {
        const double d = seen[1 + 2 * i] - all.mean;
        all.var += (seen[2 + 2 * i] + d * d) / (double)images;
    }
    return all;
}

/* Adds the statistics of an image with that many values to the history, and blends. */
static inline IR_HOST_DEVICE ir_statistics ir_adapt(double *seen, int window, double rate,
                                                    ir_statistics learned, ir_statistics image,
                                                    double values)
{
    const long images = (long)seen[0], place = images % window;
    if (values < 2)
        return learned;
    seen[0] = (double)(images + 1);
    seen[1 + 2 * place] = image.mean;
    seen[2 + 2 * place] = image.var;
    const ir_statistics all = ir_adapt_pool(seen, images < window ? images + 1 : window);
    const ir_statistics blend = {(1 - rate) * learned.mean + rate * all.mean,
                                 (1 - rate) * learned.var + rate * all.var};
    return blend;
}

/* How many of a layer's `size` rows belong to the image, if `own` of the network's `whole` rows do.
 */
static inline IR_HOST_DEVICE int ir_adapt_own(float own, int whole, int size)
{
    return (int)(((long)own * size + whole - 1) / whole);
}

#endif
