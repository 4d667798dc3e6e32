/* How sure the scores of a set are: the bootstrap over its images.
 *
 * Images are drawn with replacement, as many as there are, again and again; every score of such a
 * set is one more value it might have had (Efron and Tibshirani, "An Introduction to the
 * Bootstrap", 1993, chapter 13: percentile intervals). Targets of one image stay together, since a
 * detector's errors on them are not independent. */
#ifndef IR_SCORE_BOOTSTRAP_H
#define IR_SCORE_BOOTSTRAP_H

#include <stdint.h>

#include "totals.h"

/* The totals of image after image. */
typedef struct {
    totals *image;
    size_t count, capacity;
} sample;

void sample_add(sample *s, const totals *one); /* a copy of it */
void sample_free(sample *s);

typedef struct {
    long resamples;
    uint64_t seed;
    int threads; /* the same numbers come out for any */
} bootstrap_options;

/* A row per score: its value and the 2.5 and 97.5 % points of the resampled ones, those in which it
 * is undefined left out. */
void bootstrap_print(FILE *file, const sample *s, const bootstrap_options *b, table_format format);

/* A row per score for two predictions of the same images, resampled together: both values, their
 * difference and its interval, and flips, the share of resamples in which the difference is zero or
 * of the other sign (NaN when the difference itself is zero or undefined). */
void bootstrap_compare(FILE *file, const sample *s, const sample *other, const bootstrap_options *b,
                       table_format format);

#endif
