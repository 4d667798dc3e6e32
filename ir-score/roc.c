/* Rates over thresholds. A pixel is predicted when value / maxval > threshold, so the row of
 * threshold 1 is (0,0), and (1,1), everything predicted, lies below threshold 0. */
#include "roc.h"

#include <stdlib.h>

#include "base/base.h"

enum { COLUMNS = 5 };

roc roc_new(int steps)
{
    return (roc){.steps = steps, .at = ir_calloc((size_t)steps + 1, sizeof(counts))};
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
        int level = first_level_above((double)i / r->steps, map->maxval);

        if (level != last) /* else the same pixels as one threshold before */
            c = matcher_count(m, map, level);
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
    double sum = 0, x = 0, y = 0;

    for (int i = r->steps; i >= 0; i--) {
        double next_x = false_positive_rate(&r->at[i]), next_y = true_positive_rate(&r->at[i]);

        sum += 0.5 * (y + next_y) * (next_x - x);
        x = next_x;
        y = next_y;
    }
    return sum + 0.5 * (y + 1) * (1 - x);
}

static void make_row(const roc *r, int i, entry row[COLUMNS])
{
    const counts *c = &r->at[i];

    row[0] = entry_real("threshold", (double)i / r->steps);
    row[1] = entry_real("true_positive_rate", true_positive_rate(c));
    row[2] = entry_real("false_positive_rate", false_positive_rate(c));
    row[3] = entry_real("pd", quotient((double)c->hits, (double)c->targets));
    row[4] = entry_real("fa_per_million", counts_fa_per_million(c));
}

static void print_json(FILE *file, const roc *r, const entry *under)
{
    entry row[COLUMNS];

    fputs("{\"area\": ", file);
    table_json_value(file, under);
    fputs(", \"points\": [", file);
    for (int i = 0; i <= r->steps; i++) {
        make_row(r, i, row);
        fputs(i > 0 ? ", " : "", file);
        table_json(file, row, COLUMNS);
    }
    fputs("]}\n", file);
}

static void print_tsv(FILE *file, const roc *r, const entry *under)
{
    entry row[COLUMNS];

    for (int i = 0; i <= r->steps; i++) {
        make_row(r, i, row);
        if (i == 0)
            table_tsv_header(file, row, COLUMNS);
        table_tsv_row(file, row, COLUMNS);
    }
    fputs("# area\t", file);
    table_tsv_row(file, under, 1);
}

void roc_print(FILE *file, const roc *r, table_format format)
{
    entry under = entry_real("area", area(r));

    if (format == FORMAT_JSON)
        print_json(file, r, &under);
    else
        print_tsv(file, r, &under);
}
