/* Rates over thresholds. A pixel is predicted when value / maxval > threshold, so the row of
 * threshold 1 is (0,0), and (1,1), everything predicted, lies below threshold 0. */
#include "roc.h"

#include <stdlib.h>

#include "base/base.h"
#include "curve.h"

enum { COLUMNS = 5 };

roc roc_new(int steps, match_kind kind)
{
    return (roc){.steps = steps, .kind = kind, .at = ir_calloc((size_t)steps + 1, sizeof(counts))};
}

void roc_free(roc *r)
{
    free(r->at);
}

void roc_add(roc *r, matcher *m, const ir_image *map)
{
    counts c = {0};
    int last = -1;
    for (int i = 0; i <= r->steps; i++) {
        int level = ir_image_level_above((double)i / r->steps, map->maxval);

        if (level != last) { /* else the same pixels as one threshold before */
            matcher_set_prediction(m, map, level);
            c = matcher_count(m, r->kind);
        }
        last = level;
        counts_add(&r->at[i], &c);
    }
}

static double true_positive_rate(const counts *c)
{
    return quotient((double)c->intersection, (double)c->true_pixels);
}

static double false_positive_rate(const counts *c)
{
    return quotient((double)(c->predicted_pixels - c->intersection),
                    (double)(c->pixels - c->true_pixels));
}

static double area(const roc *r)
{
    curve c = curve_new(r->steps);
    double under;
    for (int i = 0; i <= r->steps; i++) {
        c.predicted[i] = r->at[i].predicted_pixels;
        c.both[i] = r->at[i].intersection;
    }
    c.pixels = r->at[0].pixels;
    c.true_pixels = r->at[0].true_pixels;
    under = curve_roc_area(&c);
    curve_free(&c);
    return under;
}

static void make_row(const roc *r, int i, entry row[COLUMNS])
{
    const counts *c = &r->at[i];
    row[0] = entry_real("threshold", (double)i / r->steps);
    row[1] = entry_real("true_positive_rate", true_positive_rate(c));
    row[2] = entry_real("false_positive_rate", false_positive_rate(c));
    row[3] = entry_real("pd", counts_pd(c));
    row[4] = entry_real("fa_per_million", counts_fa_per_million(c));
}

void roc_print(FILE *file, const roc *r, table_format format)
{
    points p = points_start(file, format, entry_real("area", area(r)));
    for (int i = 0; i <= r->steps; i++) {
        entry row[COLUMNS];

        make_row(r, i, row);
        points_row(&p, row, COLUMNS);
    }
    points_end(&p);
}
