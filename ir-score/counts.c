/* Counting by runs: components, overlap and areas come from the runs of true pixels in the two
 * masks, of which there are few. */
#include "counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "match.h"
#include "pairs.h"
#include "stream/components.h"
#include "table.h"

struct matcher {
    ir_components *truth, *predicted;
    int *detection_of; /* by target; -1: none */
    int capacity;
    pairs overlap;
    long *inside; /* by detection: its pixels in any target */
    int inside_capacity;
    int width, height;
    bool pairs; /* whether overlaps are wanted */
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
    sum->no_target += c->no_target;
    sum->no_detection += c->no_detection;
    sum->pair_iou += c->pair_iou;
    sum->pair_merging += c->pair_merging;
    sum->pair_interference += c->pair_interference;
    sum->pair_perception += c->pair_perception;
    sum->lone_detections += c->lone_detections;
    sum->lone_targets += c->lone_targets;
    sum->spare_detections += c->spare_detections;
    sum->spare_targets += c->spare_targets;
}

long counts_union(const counts *c)
{
    return c->true_pixels + c->predicted_pixels - c->intersection;
}

double counts_iou(const counts *c)
{
    return quotient((double)c->intersection, (double)counts_union(c));
}

double counts_precision(const counts *c)
{
    return quotient((double)c->intersection, (double)c->predicted_pixels);
}

double counts_recall(const counts *c)
{
    return quotient((double)c->intersection, (double)c->true_pixels);
}

double counts_f1(const counts *c)
{
    return quotient(2.0 * (double)c->intersection, (double)(c->true_pixels + c->predicted_pixels));
}

double counts_pd(const counts *c)
{
    return quotient((double)c->hits, (double)(c->targets + c->no_target));
}

double counts_fa_per_million(const counts *c)
{
    return quotient(1e6 * (double)c->false_alarm_pixels, (double)c->pixels);
}

matcher *matcher_new(bool pairs)
{
    matcher *m = ir_calloc(1, sizeof *m);
    m->pairs = pairs;
    m->truth = ir_components_new();
    m->predicted = ir_components_new();
    return m;
}

void matcher_free(matcher *m)
{
    ir_components_free(m->truth);
    ir_components_free(m->predicted);
    free(m->detection_of);
    free(m->overlap.pair);
    free(m->inside);
    free(m);
}

void matcher_set_truth(matcher *m, const ir_image *truth)
{
    int level = truth->maxval / 2 + 1; /* ir_image_true() */
    ir_components_find(m->truth, truth->pixel, truth->width, truth->height, level);
    m->width = truth->width;
    m->height = truth->height;
}

const ir_components *matcher_truth(const matcher *m)
{
    return m->truth;
}

void matcher_set_prediction(matcher *m, const ir_image *predicted, int level)
{
    ir_components_find(m->predicted, predicted->pixel, predicted->width, predicted->height, level);
}

static long all_pixels(const ir_components *c)
{
    long sum = 0;
    for (int i = 0; i < ir_components_count(c); i++)
        sum += ir_components_at(c, i)->area;
    return sum;
}

/* Pixels in both: walks the two lists of runs, each in raster order, side by side. by_pair, when
 * not NULL, gets those of every pair of components that has some. */
static long overlap(const ir_components *a, const ir_components *b, pairs *by_pair)
{
    size_t na, nb, i = 0, j = 0;
    const ir_run *ra = ir_components_runs(a, &na), *rb = ir_components_runs(b, &nb);
    long sum = 0;
    while (i < na && j < nb) {
        const ir_run *p = &ra[i], *q = &rb[j];

        if (p->row == q->row) {
            int first = p->first > q->first ? p->first : q->first;
            int end = p->end < q->end ? p->end : q->end;
            int both = end > first ? end - first : 0;

            sum += both;
            if (by_pair && both > 0)
                pairs_add(by_pair, p->component, q->component, both);
        }
        if (p->row < q->row || (p->row == q->row && p->end < q->end))
            i++;
        else
            j++;
    }
    return sum;
}

/* The overlaps of all pairs, and how much of each detection lies in any target. */
static long find_pairs(matcher *m)
{
    int detections = ir_components_count(m->predicted);
    long sum;
    m->overlap.n = 0;
    sum = overlap(m->truth, m->predicted, &m->overlap);
    pairs_sort(&m->overlap);
    if (detections > m->inside_capacity) {
        m->inside = ir_realloc(m->inside, (size_t)detections, sizeof *m->inside);
        m->inside_capacity = detections;
    }
    for (int d = 0; d < detections; d++)
        m->inside[d] = 0;
    for (size_t i = 0; i < m->overlap.n; i++)
        m->inside[m->overlap.pair[i].detection] += m->overlap.pair[i].both;
    return sum;
}

static void reserve(matcher *m, int targets)
{
    if (targets <= m->capacity)
        return;
    m->detection_of = ir_realloc(m->detection_of, (size_t)targets, sizeof *m->detection_of);
    m->capacity = targets;
}

/* A pair's IoU and the shares of its union that are wrong. */
static void add_pair(const matcher *m, int t, int d, counts *c)
{
    const ir_component *target = ir_components_at(m->truth, t);
    const ir_component *detection = ir_components_at(m->predicted, d);
    long both = pairs_both(&m->overlap, t, d), inside = m->inside[d];
    double whole = (double)(target->area + detection->area - both);
    c->pair_iou += (double)both / whole;
    c->pair_merging += (double)(inside - both) / whole;
    c->pair_interference += (double)(detection->area - inside) / whole;
    c->pair_perception += (double)(target->area - both) / whole;
}

/* What detection_of says. */
static void count_found(const matcher *m, bool with_pairs, counts *c)
{
    c->false_alarms = ir_components_count(m->predicted);
    c->false_alarm_pixels = c->predicted_pixels;
    for (int t = 0; t < c->targets; t++) {
        int d = m->detection_of[t];

        if (d < 0)
            continue;
        if (with_pairs)
            add_pair(m, t, d, c);
        c->hits++;
        c->false_alarms--;
        c->false_alarm_pixels -= ir_components_at(m->predicted, d)->area;
    }
}

counts matcher_count(matcher *m, match_kind kind)
{
    int targets = ir_components_count(m->truth), detections = ir_components_count(m->predicted);
    counts c = {.pixels = (long)m->width * m->height,
                .true_pixels = all_pixels(m->truth),
                .predicted_pixels = all_pixels(m->predicted),
                .targets = targets};
    bool with_pairs = kind == MATCH_OPDC || (kind == MATCH_DISTANCE && m->pairs);
    reserve(m, targets);
    c.intersection = with_pairs ? find_pairs(m) : overlap(m->truth, m->predicted, NULL);
    if (kind == MATCH_SHOOTING) {
        match_shooting(m->truth, m->predicted, m->width, m->height, &c);
        return c;
    }
    if (kind == MATCH_OPDC) {
        match_opdc(m->truth, m->predicted, &m->overlap, m->detection_of, &c);
        c.no_target = targets == 0;
        c.no_detection = detections == 0;
    } else {
        match_distance(m->truth, m->predicted, m->detection_of);
    }
    count_found(m, with_pairs, &c);
    return c;
}
