/* Every pixel's sample is looked up once: how many thresholds it is above. */
#include "curve.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { COLUMNS = 4 };

curve curve_new(int steps)
{
    size_t n = (size_t)steps + 1;

    return (curve){.steps = steps,
                   .predicted = ir_calloc(n, sizeof(long)),
                   .both = ir_calloc(n, sizeof(long))};
}

void curve_free(curve *c)
{
    free(c->predicted);
    free(c->both);
}

void curve_clear(curve *c)
{
    size_t n = (size_t)c->steps + 1;

    memset(c->predicted, 0, n * sizeof *c->predicted);
    memset(c->both, 0, n * sizeof *c->both);
    c->pixels = c->true_pixels = 0;
}

/* Whether STEP pixels are zero in both images, as most are: a loop without branches finds out. */
enum { STEP = 64 };

static bool all_zero(const uint16_t *a, const uint16_t *b)
{
    uint16_t any = 0;

    for (int i = 0; i < STEP; i++)
        any |= a[i] | b[i];
    return any == 0;
}

/* Pixels by sample, true or not, and parity of their place: a pixel that is like the one before
 * need not wait until that one is counted. */
typedef struct {
    uint32_t at[2][2]; /* [parity][true] */
} bin;

static bin *histogram(const ir_image *map, const ir_image *truth)
{
    size_t n = (size_t)map->width * (size_t)map->height, i = 0;
    bin *count = ir_calloc((size_t)map->maxval + 1, sizeof *count);

    while (i < n) {
        if (i + STEP <= n && all_zero(map->pixel + i, truth->pixel + i)) {
            count[0].at[0][false] += STEP;
            i += STEP;
            continue;
        }
        for (size_t end = i + STEP < n ? i + STEP : n; i < end; i++)
            count[map->pixel[i]].at[i % 2][ir_image_true(truth, i)]++;
    }
    return count;
}

/* Adds the pixels of the samples above level - 1, from the highest not added yet downwards. */
static void add_down_to(curve *c, const bin *count, int *next, int level)
{
    for (; *next >= level; --*next) {
        const bin *b = &count[*next];
        long both = (long)b->at[0][true] + b->at[1][true];

        c->pixels += both + b->at[0][false] + b->at[1][false];
        c->true_pixels += both;
    }
}

void curve_count(curve *c, const ir_image *map, const ir_image *truth)
{
    bin *count = histogram(map, truth);
    int next = map->maxval;

    c->pixels = c->true_pixels = 0;
    for (int i = c->steps; i >= 0; i--) {
        add_down_to(c, count, &next, first_level_above((double)i / c->steps, map->maxval));
        c->predicted[i] = c->pixels;
        c->both[i] = c->true_pixels;
    }
    add_down_to(c, count, &next, 0); /* what no threshold lets through */
    free(count);
}

void curve_add(curve *sum, const curve *c)
{
    for (int i = 0; i <= c->steps; i++) {
        sum->predicted[i] += c->predicted[i];
        sum->both[i] += c->both[i];
    }
    sum->pixels += c->pixels;
    sum->true_pixels += c->true_pixels;
}

double curve_roc_area(const curve *c)
{
    double sum = 0, x = 0, y = 0;

    for (int i = c->steps; i >= -1; i--) { /* -1: everything predicted */
        long predicted = i < 0 ? c->pixels : c->predicted[i];
        long both = i < 0 ? c->true_pixels : c->both[i];
        double next_x = quotient((double)(predicted - both), (double)(c->pixels - c->true_pixels));
        double next_y = quotient((double)both, (double)c->true_pixels);

        sum += 0.5 * (y + next_y) * (next_x - x);
        x = next_x;
        y = next_y;
    }
    return sum;
}

double curve_pr_area(const curve *c)
{
    double sum = 0;
    long before = 0;

    if (c->true_pixels == 0)
        return NAN;
    for (int i = c->steps; i >= -1; i--) {
        long predicted = i < 0 ? c->pixels : c->predicted[i];
        long both = i < 0 ? c->true_pixels : c->both[i];

        if (both > before)
            sum += (double)both / (double)predicted * (double)(both - before);
        before = both;
    }
    return sum / (double)c->true_pixels;
}

static void make_row(const curve *c, int i, entry row[COLUMNS])
{
    counts at = {.predicted_pixels = c->predicted[i],
                 .intersection = c->both[i],
                 .true_pixels = c->true_pixels};

    row[0] = entry_real("threshold", (double)i / c->steps);
    row[1] = entry_real("precision", counts_precision(&at));
    row[2] = entry_real("recall", counts_recall(&at));
    row[3] = entry_real("f1", counts_f1(&at));
}

void curve_print_pr(FILE *file, const curve *c, table_format format)
{
    points p = points_start(file, format, entry_real("area", curve_pr_area(c)));

    for (int i = 0; i <= c->steps; i++) {
        entry row[COLUMNS];

        make_row(c, i, row);
        points_row(&p, row, COLUMNS);
    }
    points_end(&p);
}
