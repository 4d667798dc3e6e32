/* Every pixel is counted once, by how many thresholds it is above; the true ones among them come
 * from the runs of the true mask. */
#include "curve.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stream/components.h"

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
    free(c->above);
    free(c->bin);
}

void curve_clear(curve *c)
{
    size_t n = (size_t)c->steps + 1;
    memset(c->predicted, 0, n * sizeof *c->predicted);
    memset(c->both, 0, n * sizeof *c->both);
    c->pixels = c->true_pixels = 0;
}

/* above[v]: how many of the thresholds, from 0 up, v / maxval is above; never all, for the last is
 * 1. */
static void make_table(curve *c, int maxval)
{
    int v = 0;
    if (c->maxval == maxval)
        return;
    c->above = ir_realloc(c->above, (size_t)maxval + 1, sizeof *c->above);
    c->maxval = maxval;
    for (int i = 0; i <= c->steps; i++)
        for (int end = ir_image_level_above((double)i / c->steps, maxval); v < end; v++)
            c->above[v] = (uint16_t)i;
}

/* ---- counting ---- */

/* Pixels are counted in several bins in turn, so that equal neighbours need not wait for each
 * other. */
enum { TURNS = CURVE_TURNS, STEP = 64 };

/* Whether STEP pixels are zero, as most are: a loop without branches finds out. */
static bool all_zero(const uint16_t *pixel)
{
    uint16_t any = 0;
    for (int i = 0; i < STEP; i++)
        any |= pixel[i];
    return any == 0;
}

/* One pixel for each turn, read by words. bin_of: by sample; NULL: each sample has its bin. */
static inline void count_turns(const uint16_t *pixel, const uint16_t *bin_of,
                               uint32_t (*bin)[TURNS])
{
    enum { PER_WORD = sizeof(uint64_t) / sizeof *pixel };
    uint64_t word[TURNS / PER_WORD];

    memcpy(word, pixel, sizeof word);
#pragma GCC unroll 8
    for (int k = 0; k < TURNS; k++) {
        uint16_t sample = (uint16_t)(word[k / PER_WORD] >> 16 * (k % PER_WORD));

        bin[bin_of ? bin_of[sample] : sample][k]++;
    }
}

static inline void count_pixels(const uint16_t *pixel, size_t pixels, const uint16_t *bin_of,
                                uint32_t (*bin)[TURNS])
{
    size_t i = 0;
    for (; i + STEP <= pixels; i += STEP) {
        if (all_zero(pixel + i)) {
            bin[0][0] += STEP;
            continue;
        }
        for (int k = 0; k < STEP; k += TURNS)
            count_turns(pixel + i + k, bin_of, bin);
    }
    for (; i < pixels; i++)
        bin[bin_of ? bin_of[pixel[i]] : pixel[i]][0]++;
}

/* A bin for each sample where they are few, else for each number of thresholds. */
static bool by_sample(const curve *c)
{
    return c->maxval <= UINT8_MAX;
}

static int count_bins(const curve *c)
{
    return by_sample(c) ? c->maxval + 1 : c->steps + 1;
}

static void make_bins(curve *c)
{
    size_t most = (c->steps > UINT8_MAX ? (size_t)c->steps : UINT8_MAX) + 1;
    if (!c->bin)
        c->bin = ir_calloc(most, sizeof *c->bin);
}

/* Moves the bins' counts to sums, by the number of thresholds that the pixels are above. Returns
 * the number of pixels. */
static long add_up(curve *c, long *sum)
{
    int bin = count_bins(c) - 1;
    long all = 0;
    for (int i = c->steps; i >= 0; i--) {
        sum[i] = all;
        for (; bin >= 0 && (by_sample(c) ? c->above[bin] : bin) == i; bin--)
            for (int k = 0; k < TURNS; k++)
                all += c->bin[bin][k];
    }
    memset(c->bin, 0, (size_t)count_bins(c) * sizeof *c->bin);
    return all;
}

void curve_count(curve *c, const ir_image *map, const ir_components *truth)
{
    size_t runs, pixels = (size_t)map->width * (size_t)map->height;
    const ir_run *run = ir_components_runs(truth, &runs);
    make_table(c, map->maxval);
    make_bins(c);
    if (by_sample(c))
        count_pixels(map->pixel, pixels, NULL, c->bin);
    else
        count_pixels(map->pixel, pixels, c->above, c->bin);
    c->pixels = add_up(c, c->predicted);
    for (size_t r = 0; r < runs; r++) {
        const uint16_t *first = map->pixel + (size_t)run[r].row * (size_t)map->width + run[r].first;

        count_pixels(first, (size_t)(run[r].end - run[r].first), by_sample(c) ? NULL : c->above,
                     c->bin);
    }
    c->true_pixels = add_up(c, c->both);
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
