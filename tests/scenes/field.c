/* Random fields with a power-law spectrum, made in the frequency domain with FFTW. */
#include "field.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"

field_maker *field_maker_new(int width, int height)
{
    field_maker *maker = ir_malloc(sizeof *maker);
    maker->width = width;
    maker->height = height;
    maker->spectrum = fftwf_alloc_complex((size_t)height * (size_t)(width / 2 + 1));
    maker->plane = fftwf_alloc_real((size_t)height * (size_t)width);
    if (!maker->spectrum || !maker->plane)
        ir_die("out of memory");
    /* FFTW_ESTIMATE does not time anything: the same plan, so the same bits, every time. */
    maker->plan =
        fftwf_plan_dft_c2r_2d(height, width, maker->spectrum, maker->plane, FFTW_ESTIMATE);
    return maker;
}

void field_maker_free(field_maker *maker)
{
    fftwf_destroy_plan(maker->plan);
    fftwf_free(maker->spectrum);
    fftwf_free(maker->plane);
    free(maker);
}

/* Shifts and scales x to mean 0 and variance 1. */
static void standardise(float *x, size_t n)
{
    double sum = 0, square = 0, mean, scale;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (x[i] - mean) * (x[i] - mean);
    scale = square > 0 ? 1 / sqrt(square / (double)n) : 0;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((x[i] - mean) * scale);
}

const float *field_make(field_maker *maker, ir_rng *rng, double slope, double stretch)
{
    int h = maker->height, half = maker->width / 2 + 1;
    for (int v = 0; v < h; v++) {
        double fy = (double)(v <= h / 2 ? v : v - h) / h;
        for (int u = 0; u < half; u++) {
            fftwf_complex *s = &maker->spectrum[(size_t)v * (size_t)half + (size_t)u];
            double fx = stretch * u / maker->width, f2 = fx * fx + fy * fy;
            double amplitude = f2 > 0 ? pow(f2, -slope / 4) : 0;
            (*s)[0] = (float)(amplitude * ir_rng_normal(rng));
            (*s)[1] = (float)(amplitude * ir_rng_normal(rng));
        }
    }
    fftwf_execute(maker->plan);
    standardise(maker->plane, (size_t)h * (size_t)maker->width);
    return maker->plane;
}

void field_profile(ir_rng *rng, int n, double slope, float *profile)
{
    enum { WAVES = 24 };
    double amplitude[WAVES], phase[WAVES];

    for (int k = 0; k < WAVES; k++) {
        amplitude[k] = pow(k + 1, -slope / 2) * ir_rng_normal(rng);
        phase[k] = 2 * M_PI * ir_rng_uniform(rng);
    }
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < WAVES; k++) /* half a period at least: the ends need not meet */
            sum += amplitude[k] * sin(M_PI * (k + 1) * i / n + phase[k]);
        profile[i] = (float)sum;
    }
    standardise(profile, (size_t)n);
}
