/* Windows of a frame: see window.h. */
#include "window.h"

#include <math.h>

#include "base/base.h"

static int clamp(int i, int low, int high)
{
    return i < low ? low : i > high ? high : i;
}

void window_read(const ir_normalisation *n, const ir_image *im, window w, float *to)
{
    const double scale = ir_normalisation_scale(n, im->maxval);
    const double shift = ir_normalisation_shift(n);
    const int across = clamp(im->width - w.left, 0, w.width);
    for (int y = w.top; y < w.top + w.height; y++) {
        const int inside = y < im->height ? across : 0;
        const uint16_t *row = im->pixel + (size_t)y * (size_t)im->width + w.left;

        for (int x = 0; x < inside; x++)
            *to++ = (float)(row[x] * scale - shift);
        for (int x = inside; x < w.width; x++)
            *to++ = 0;
    }
}

static double mean_over_channels(const float *value, size_t plane, int channels)
{
    double sum = 0;
    for (int c = 0; c < channels; c++)
        sum += value[(size_t)c * plane];
    return sum / channels;
}

void window_write(const float *value, ir_shape s, window w, const char *name, map *to, int left,
                  int top)
{
    const size_t plane = (size_t)s.h * (size_t)s.w;
    for (int y = 0; y < w.height; y++) {
        const float *from = value + (size_t)(w.top + y) * (size_t)s.w + w.left;
        float *row = to->value + (size_t)(top + y) * (size_t)to->width + left;

        for (int x = 0; x < w.width; x++) {
            const double mean = mean_over_channels(from + x, plane, s.c);

            if (!isfinite(mean))
                ir_die("%s: the detector's output is not a number", name);
            row[x] = (float)mean;
        }
    }
}
