/* Separable resampling with a triangle filter: first along the rows, then along the columns. */
#include "stream/resample.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"

/* Output i is the sum of weight[i * stride + k] * input[first[i] + k], k < count[i]. */
typedef struct {
    int stride;
    int *first, *count;
    float *weight;
} filter;

static filter filter_make(int in, int out)
{
    double scale = (double)in / out, support = scale > 1 ? scale : 1;
    filter f = {.stride = (int)ceil(2 * support) + 1};
    f.first = ir_calloc((size_t)out, sizeof *f.first);
    f.count = ir_calloc((size_t)out, sizeof *f.count);
    f.weight = ir_calloc((size_t)out * (size_t)f.stride, sizeof *f.weight);
    for (int i = 0; i < out; i++) {
        double center = (i + 0.5) * scale, sum = 0;
        int low = (int)fmax(0, floor(center - support + 0.5));
        int high = (int)fmin(in, floor(center + support + 0.5));
        float *weight = f.weight + (size_t)i * (size_t)f.stride;
        for (int k = low; k < high; k++)
            sum += fmax(0, 1 - fabs(k + 0.5 - center) / support);
        for (int k = low; k < high; k++)
            weight[k - low] = (float)(fmax(0, 1 - fabs(k + 0.5 - center) / support) / sum);
        f.first[i] = low;
        f.count[i] = high - low;
    }
    return f;
}

static void filter_free(filter *f)
{
    free(f->first);
    free(f->count);
    free(f->weight);
}

/* rows: im->height x width, in units of maxval. */
static void resample_rows(const ir_image *im, int width, float *rows)
{
    filter f = filter_make(im->width, width);
    float unit = 1 / (float)im->maxval;
    for (int y = 0; y < im->height; y++) {
        const uint16_t *in = im->pixel + (size_t)y * (size_t)im->width;
        for (int x = 0; x < width; x++) {
            const float *weight = f.weight + (size_t)x * (size_t)f.stride;
            float sum = 0;
            for (int k = 0; k < f.count[x]; k++)
                sum += weight[k] * in[f.first[x] + k];
            rows[(size_t)y * (size_t)width + (size_t)x] = sum * unit;
        }
    }
    filter_free(&f);
}

static void resample_columns(const float *rows, int in_height, int width, int height, float *out)
{
    filter f = filter_make(in_height, height);
    for (int y = 0; y < height; y++) {
        const float *weight = f.weight + (size_t)y * (size_t)f.stride;
        float *to = out + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++)
            to[x] = 0;
        for (int k = 0; k < f.count[y]; k++) {
            const float *from = rows + (size_t)(f.first[y] + k) * (size_t)width;
            for (int x = 0; x < width; x++)
                to[x] += weight[k] * from[x];
        }
    }
    filter_free(&f);
}

void ir_image_resample(const ir_image *im, int width, int height, float *out)
{
    float *rows = ir_malloc((size_t)im->height * (size_t)width * sizeof *rows);
    resample_rows(im, width, rows);
    resample_columns(rows, im->height, width, height, out);
    free(rows);
}
