/* Every pixel's sample is looked up once: how many thresholds it is above. */
#include "curve.h"

#include <math.h>
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

/* By sample: pixels that have it, among all and among the true ones. */
static long *histogram(const ir_image *map, const ir_image *truth)
{
    size_t n = (size_t)map->width * (size_t)map->height;
    long *count = ir_calloc(2 * ((size_t)map->maxval + 1), sizeof *count);

    for (size_t i = 0; i < n; i++)
        count[2 * (size_t)map->pixel[i] + ir_image_true(truth, i)]++;
    return count;
}

void curve_count(curve *c, const ir_image *map, const ir_image *truth)
{
    long *count = histogram(map, truth), predicted = 0, both = 0;
    int v = map->maxval;

    for (int i = c->steps; i >= 0; i--) {
        int level = first_level_above((double)i / c->steps, map->maxval);

        for (; v >= level; v--) {
            predicted += count[2 * v] + count[2 * v + 1];
            both += count[2 * v + 1];
        }
        c->predicted[i] = predicted;
        c->both[i] = both;
    }
    for (; v >= 0; v--) { /* what no threshold lets through */
        predicted += count[2 * v] + count[2 * v + 1];
        both += count[2 * v + 1];
    }
    c->pixels = predicted;
    c->true_pixels = both;
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
