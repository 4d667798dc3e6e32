/* Counting by runs: components, overlap and areas all come from the runs of true pixels of the two
 * masks, of which there are few. */
#include "counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/components.h"
#include "table.h"

/* How near, in pixels, a predicted centroid must be. */
static const double match_distance = 3.0;

struct matcher {
    ir_components *truth, *predicted;
    bool *taken; /* by predicted component */
    int room;
    long pixels;
};

void counts_add(counts *sum, const counts *c)
{
    sum->pixels += c->pixels;
    sum->true_pixels += c->true_pixels;
    sum->predicted_pixels += c->predicted_pixels;
    sum->intersection += c->intersection;
    sum->targets += c->targets;
    sum->hits += c->hits;
    sum->false_alarms += c->false_alarms;
    sum->false_alarm_pixels += c->false_alarm_pixels;
}

long counts_union(const counts *c)
{
    return c->true_pixels + c->predicted_pixels - c->intersection;
}

double counts_iou(const counts *c)
{
    return quotient((double)c->intersection, (double)counts_union(c));
}

double counts_fa_per_million(const counts *c)
{
    return quotient(1e6 * (double)c->false_alarm_pixels, (double)c->pixels);
}

int first_level_above(double threshold, int maxval)
{
    int level = (int)(threshold * maxval);

    /* The product may be off by a rounding; the quotient decides. */
    while (level > 0 && (double)(level - 1) / maxval > threshold)
        level--;
    while (level <= maxval && (double)level / maxval <= threshold)
        level++;
    return level;
}

matcher *matcher_new(void)
{
    matcher *m = ir_calloc(1, sizeof *m);

    m->truth = ir_components_new();
    m->predicted = ir_components_new();
    return m;
}

void matcher_free(matcher *m)
{
    ir_components_free(m->truth);
    ir_components_free(m->predicted);
    free(m->taken);
    free(m);
}

void matcher_set_truth(matcher *m, const ir_image *truth)
{
    int level = truth->maxval / 2 + 1; /* ir_image_true() */

    ir_components_find(m->truth, truth->pixel, truth->width, truth->height, level);
    m->pixels = (long)truth->width * truth->height;
}

static long all_pixels(const ir_components *c)
{
    long sum = 0;

    for (int i = 0; i < ir_components_count(c); i++)
        sum += ir_components_at(c, i)->area;
    return sum;
}

/* Pixels in both: walks the two lists of runs, each in raster order, side by side. */
static long overlap(const ir_components *a, const ir_components *b)
{
    size_t na, nb, i = 0, j = 0;
    const ir_run *ra = ir_components_runs(a, &na), *rb = ir_components_runs(b, &nb);
    long sum = 0;

    while (i < na && j < nb) {
        const ir_run *p = &ra[i], *q = &rb[j];

        if (p->row == q->row) {
            int first = p->first > q->first ? p->first : q->first;
            int end = p->end < q->end ? p->end : q->end;

            sum += end > first ? end - first : 0;
        }
        if (p->row < q->row || (p->row == q->row && p->end < q->end))
            i++;
        else
            j++;
    }
    return sum;
}

static void forget_taken(matcher *m, int count)
{
    if (count > m->room) {
        m->taken = ir_realloc(m->taken, (size_t)count, sizeof *m->taken);
        m->room = count;
    }
    if (count > 0)
        memset(m->taken, 0, (size_t)count * sizeof *m->taken);
}

/* The first free predicted component near enough to the target; -1: none. */
static int find_match(const matcher *m, const ir_component *target)
{
    for (int i = 0; i < ir_components_count(m->predicted); i++) {
        const ir_component *p = ir_components_at(m->predicted, i);
        double dy = p->row - target->row, dx = p->column - target->column;

        if (!m->taken[i] && sqrt(dy * dy + dx * dx) < match_distance)
            return i;
    }
    return -1;
}

counts matcher_count(matcher *m, const ir_image *predicted, int level)
{
    int found = ir_components_find(m->predicted, predicted->pixel, predicted->width,
                                   predicted->height, level);
    counts c = {.pixels = m->pixels,
                .true_pixels = all_pixels(m->truth),
                .predicted_pixels = all_pixels(m->predicted),
                .intersection = overlap(m->truth, m->predicted),
                .targets = ir_components_count(m->truth)};

    forget_taken(m, found);
    c.false_alarms = found;
    c.false_alarm_pixels = c.predicted_pixels;
    for (int t = 0; t < c.targets; t++) {
        int match = find_match(m, ir_components_at(m->truth, t));

        if (match < 0)
            continue;
        m->taken[match] = true;
        c.hits++;
        c.false_alarms--;
        c.false_alarm_pixels -= ir_components_at(m->predicted, match)->area;
    }
    return c;
}
