/* Distributions drawn from a Philox stream. */
#include <math.h>

#include "base/philox.h"

double ir_rng_uniform(ir_rng *rng)
{
    uint64_t high = ir_rng_u32(rng) >> 5, low = ir_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

/* Lemire, "Fast random integer generation in an interval" (2019): the high half of a product, with
 * the low halves that would favour some values rejected. */
uint32_t ir_rng_below(ir_rng *rng, uint32_t n)
{
    if (n == 0)
        return 0;
    uint32_t rejected = -n % n;
    uint64_t product;
    do
        product = (uint64_t)ir_rng_u32(rng) * n;
    while ((uint32_t)product < rejected);
    return (uint32_t)(product >> 32);
}

/* Box and Muller (1958); 1 - u lies in (0, 1], where the logarithm is finite. */
double ir_rng_normal(ir_rng *rng)
{
    if (rng->have_spare) {
        rng->have_spare = 0;
        return rng->spare;
    }
    double radius = sqrt(-2 * log(1 - ir_rng_uniform(rng)));
    double angle = 2 * M_PI * ir_rng_uniform(rng);
    rng->spare = radius * sin(angle);
    rng->have_spare = 1;
    return radius * cos(angle);
}

/* Inversion of the distribution function, term by term. For means below 10 all terms from k = 200
 * on are far below the 2^-53 that a uniform number resolves; the bound only ends rounding errors.
 */
static long poisson_inversion(ir_rng *rng, double mean)
{
    double left = ir_rng_uniform(rng), p = exp(-mean);
    long k = 0;
    while (left >= p && k < 200) {
        left -= p;
        k++;
        p *= mean / (double)k;
    }
    return k;
}

/* W. Hoermann, "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12 (1993): algorithm PTRS, for means of at least 10. */
static long poisson_ptrs(ir_rng *rng, double mean)
{
    double log_mean = log(mean);
    double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = ir_rng_uniform(rng) - 0.5, v = ir_rng_uniform(rng);
        double us = 0.5 - fabs(u);
        double k = floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r)
            return (long)k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        int sign; /* lgamma() would write a global */
        if (log(v * inverse_alpha / (a / (us * us) + b)) <=
            k * log_mean - mean - lgamma_r(k + 1, &sign))
            return (long)k;
    }
}

long ir_rng_poisson(ir_rng *rng, double mean)
{
    if (!(mean > 0))
        return 0;
    return mean < 10 ? poisson_inversion(rng, mean) : poisson_ptrs(rng, mean);
}

void ir_rng_permutation(ir_rng *rng, size_t n, size_t *order)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = ir_rng_below(rng, (uint32_t)i), last = order[i - 1];
        order[i - 1] = order[j];
        order[j] = last;
    }
}
