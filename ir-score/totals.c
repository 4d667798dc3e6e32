/* From counts to scores. */
#include "totals.h"

#include <math.h>
#include <string.h>

totals totals_new(int steps)
{
    totals t = {0};
    if (steps > 0)
        t.pixels = curve_new(steps);
    return t;
}

void totals_free(totals *t)
{
    curve_free(&t->pixels);
}

void totals_clear(totals *t)
{
    curve kept = t->pixels;
    if (kept.steps > 0)
        curve_clear(&kept);
    *t = (totals){.pixels = kept};
}

void totals_add(totals *sum, const totals *t)
{
    for (int k = 0; k < MATCHES; k++)
        counts_add(&sum->by[k], &t->by[k]);
    if (t->pixels.steps > 0)
        curve_add(&sum->pixels, &t->pixels);
    sum->images += t->images;
    sum->iou_sum += t->iou_sum;
    sum->iou_count += t->iou_count;
}

void totals_set(totals *t, match_kind kind, const counts *c)
{
    double iou = counts_iou(c);
    t->by[kind] = *c;
    t->images = 1;
    t->iou_sum = isnan(iou) ? 0 : iou;
    t->iou_count = !isnan(iou);
}

/* ---- the scores ------------------------------------------------------------------------------ */

static double niou(const totals *t)
{
    return quotient(t->iou_sum, (double)t->iou_count);
}

static double pr_area(const totals *t)
{
    return curve_pr_area(&t->pixels);
}

static double roc_area(const totals *t)
{
    return curve_roc_area(&t->pixels);
}

/* Hits, misses and false alarms: targets and detections, each pair of which counts once. */
static double all_objects(const counts *c)
{
    return (double)(c->targets + c->no_target + c->false_alarms + c->no_detection);
}

/* hIoU and its two factors. */
static double segmentation(const counts *c)
{
    return quotient(c->pair_iou, (double)c->hits);
}

static double localisation(const counts *c)
{
    return quotient((double)c->hits, all_objects(c));
}

static double hiou(const counts *c)
{
    return c->hits == 0 && all_objects(c) > 0 ? 0 : segmentation(c) * localisation(c);
}

/* What each factor lacks to 1, by cause. */
static double seg_merging(const counts *c)
{
    return quotient(c->pair_merging, (double)c->hits);
}

static double seg_interference(const counts *c)
{
    return quotient(c->pair_interference, (double)c->hits);
}

static double seg_perception(const counts *c)
{
    return quotient(c->pair_perception, (double)c->hits);
}

static double loc_one_to_many(const counts *c)
{
    return quotient((double)c->spare_targets, all_objects(c));
}

static double loc_many_to_one(const counts *c)
{
    return quotient((double)c->spare_detections, all_objects(c));
}

static double loc_interference(const counts *c)
{
    return quotient((double)(c->lone_detections + c->no_detection), all_objects(c));
}

static double loc_perception(const counts *c)
{
    return quotient((double)(c->lone_targets + c->no_target), all_objects(c));
}

/* One of the two functions; kind: whose counts of_counts gets. */
typedef struct {
    const char *key;
    match_kind kind;
    double (*of_counts)(const counts *c);
    double (*of_totals)(const totals *t);
} score;

static const score scores[SCORES] = {
#define SCORE(name, ...) {.key = name, __VA_ARGS__},
#include "scores.def"
#undef SCORE
};

void totals_scores(const totals *t, entry e[SCORES])
{
    for (int i = 0; i < SCORES; i++) {
        const score *s = &scores[i];
        e[i] = entry_real(s->key, s->of_totals ? s->of_totals(t) : s->of_counts(&t->by[s->kind]));
    }
}

/* ---- printing -------------------------------------------------------------------------------- */

/* The scores of the default table; returns how many. */
static int common_scores(const totals *t, match_kind kind, const double *clean_iou, entry *e)
{
    const counts *c = &t->by[kind];
    double iou = counts_iou(c);
    int n = 0;
    e[n++] = entry_real("iou", iou);
    e[n++] = entry_real("niou", niou(t));
    e[n++] = entry_real("pd", counts_pd(c));
    e[n++] = entry_real("fa_per_million", counts_fa_per_million(c));
    e[n++] = entry_count("images", t->images);
    e[n++] = entry_count("targets", c->targets);
    e[n++] = entry_count("hits", c->hits);
    e[n++] = entry_count("false_alarm_pixels", c->false_alarm_pixels);
    e[n++] = entry_count("pixels", c->pixels);
    if (clean_iou)
        e[n++] = entry_real("rce", quotient(*clean_iou - iou, *clean_iou));
    return n;
}

void report_totals(FILE *file, const totals *t, match_kind kind, table_format format,
                   const double *clean_iou, bool all)
{
    enum { COMMON = 10, IN_BOTH = 2 }; /* iou and niou come first in either */
    entry e[COMMON + SCORES], every[SCORES];
    int n = common_scores(t, kind, clean_iou, e);

    if (all) {
        totals_scores(t, every);
        memcpy(e + n, every + IN_BOTH, (SCORES - IN_BOTH) * sizeof *e);
        n += SCORES - IN_BOTH;
    }
    if (format == FORMAT_TEXT) {
        table_text(file, e, n);
    } else if (format == FORMAT_TSV) {
        table_tsv_header(file, e, n);
        table_tsv_row(file, e, n);
    } else {
        table_json(file, e, n);
        fputc('\n', file);
    }
}

void report_image(FILE *file, const char *name, const counts *c, table_format format, bool first)
{
    entry e[] = {
        entry_name("name", name),
        entry_real("iou", counts_iou(c)),
        entry_count("intersection", c->intersection),
        entry_count("union", counts_union(c)),
        entry_count("targets", c->targets),
        entry_count("hits", c->hits),
        entry_count("false_alarms", c->false_alarms),
        entry_count("false_alarm_pixels", c->false_alarm_pixels),
        entry_count("pixels", c->pixels),
    };
    int n = sizeof e / sizeof *e;
    if (format == FORMAT_JSON) {
        table_json(file, e, n);
        fputc('\n', file);
        return;
    }
    if (first)
        table_tsv_header(file, e, n);
    table_tsv_row(file, e, n);
}
