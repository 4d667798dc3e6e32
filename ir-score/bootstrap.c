/* Resampling images; see bootstrap.h. */
#include "bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"

enum { COMPARED = 2, COLUMNS = 7 };

void sample_add(sample *s, const totals *one)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        s->image = ir_realloc(s->image, s->capacity, sizeof *s->image);
    }
    s->image[s->count] = totals_new(one->pixels.steps);
    totals_add(&s->image[s->count++], one);
}

void sample_free(sample *s)
{
    for (size_t i = 0; i < s->count; i++)
        totals_free(&s->image[i]);
    free(s->image);
}

/* ---- resampling ---- */

/* The scores of one set of images; draw: NULL for all of them once. */
static void score_set(const sample *s, totals *sum, const uint32_t *draw, double value[SCORES])
{
    entry e[SCORES];
    totals_clear(sum);
    for (size_t i = 0; i < s->count; i++)
        totals_add(sum, &s->image[draw ? draw[i] : i]);
    totals_scores(sum, e);
    for (int k = 0; k < SCORES; k++)
        value[k] = e[k].real;
}

/* The scores of a set, or how much higher they are than another's. */
static void score_draw(const sample *const s[COMPARED], totals *sum, const uint32_t *draw,
                       double value[SCORES])
{
    double other[SCORES];
    score_set(s[0], sum, draw, value);
    if (!s[1])
        return;
    score_set(s[1], sum, draw, other);
    for (int k = 0; k < SCORES; k++)
        value[k] -= other[k];
}

/* By resample, then by score. Every resample has random numbers of its own, whoever draws them. */
static double *resample(const sample *const s[COMPARED], const bootstrap_options *b)
{
    size_t images = s[0]->count;
    double *value = ir_calloc((size_t)b->resamples * SCORES, sizeof *value);
#pragma omp parallel num_threads(b->threads)
    {
        totals sum = totals_new(s[0]->image[0].pixels.steps);
        uint32_t *draw = ir_calloc(images, sizeof *draw);

#pragma omp for schedule(static)
        for (long r = 0; r < b->resamples; r++) {
            ir_rng rng = ir_rng_make(b->seed, "bootstrap", "", (uint64_t)r);

            for (size_t i = 0; i < images; i++)
                draw[i] = ir_rng_below(&rng, (uint32_t)images);
            score_draw(s, &sum, draw, value + (size_t)r * SCORES);
        }
        totals_free(&sum);
        free(draw);
    }
    return value;
}

/* ---- intervals ---- */

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The point below which a share of the sorted values lies, between two of them by proportion. */
static double quantile(const double *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

typedef struct {
    double low, high, flips;
} spread;

/* value: the values of one score, SCORES apart; observed: the score of the images themselves. */
static spread find_spread(const double *value, long resamples, double observed)
{
    double *sorted = ir_calloc((size_t)resamples, sizeof *sorted);
    spread s = {NAN, NAN, NAN};
    size_t n = 0, flips = 0;
    for (long r = 0; r < resamples; r++) {
        double x = value[(size_t)r * SCORES];

        if (!isnan(x)) {
            sorted[n++] = x;
            flips += x * observed <= 0;
        }
    }
    if (n > 0) {
        qsort(sorted, n, sizeof *sorted, by_value);
        s.low = quantile(sorted, n, 0.025);
        s.high = quantile(sorted, n, 0.975);
        if (observed != 0 && !isnan(observed))
            s.flips = (double)flips / (double)n;
    }
    free(sorted);
    return s;
}

/* ---- printing ---- */

static void print_row(FILE *file, const entry *e, int n, table_format format, bool first, bool last)
{
    if (format == FORMAT_JSON) {
        fprintf(file, "%s\"%s\": ", first ? "{" : ", ", e[0].name);
        table_json(file, e + 1, n - 1);
        fputs(last ? "}\n" : "", file);
    } else if (format == FORMAT_TSV) {
        if (first)
            table_tsv_header(file, e, n);
        table_tsv_row(file, e, n);
    } else {
        if (first)
            table_text_header(file, e, n);
        table_text_row(file, e, n);
    }
}

/* The value of each set given, their difference when there are two. */
static int add_values(entry *e, const double value[COMPARED][SCORES], int k, bool compared)
{
    e[0] = entry_real("value", value[0][k]);
    if (!compared)
        return 1;
    e[1] = entry_real("other", value[1][k]);
    e[2] = entry_real("difference", value[0][k] - value[1][k]);
    return 3;
}

static void print_all(FILE *file, const sample *const s[COMPARED], const bootstrap_options *b,
                      table_format format)
{
    totals sum = totals_new(s[0]->image[0].pixels.steps);
    double value[COMPARED][SCORES], *drawn = resample(s, b);
    bool compared = s[1] != NULL;
    entry names[SCORES];
    if (compared)
        score_set(s[1], &sum, NULL, value[1]);
    score_set(s[0], &sum, NULL, value[0]);
    totals_scores(&sum, names);
    for (int k = 0; k < SCORES; k++) {
        entry e[COLUMNS] = {entry_name("score", names[k].key)};
        int n = 1 + add_values(e + 1, value, k, compared);
        spread found = find_spread(drawn + k, b->resamples, e[n - 1].real);

        e[n++] = entry_real("low", found.low);
        e[n++] = entry_real("high", found.high);
        if (compared)
            e[n++] = entry_real("flips", found.flips);
        print_row(file, e, n, format, k == 0, k + 1 == SCORES);
    }
    totals_free(&sum);
    free(drawn);
}

void bootstrap_print(FILE *file, const sample *s, const bootstrap_options *b, table_format format)
{
    print_all(file, (const sample *const[COMPARED]){s, NULL}, b, format);
}

void bootstrap_compare(FILE *file, const sample *s, const sample *other, const bootstrap_options *b,
                       table_format format)
{
    print_all(file, (const sample *const[COMPARED]){s, other}, b, format);
}
