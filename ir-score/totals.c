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

/* Of targets and detections together, those that share a target: hits / (hits + misses + false
 * alarms). */
static double all_objects(const counts *c)
{
    return (double)(c->targets + c->no_target + c->false_alarms + c->no_detection);
}

/* hIoU and its two factors. */
static int hierarchical(const counts *c, const char *const key[3], entry *e)
{
    double segmentation = quotient(c->pair_iou, (double)c->hits);
    double localisation = quotient((double)c->hits, all_objects(c));
    e[0] = entry_real(key[0], c->hits == 0 && all_objects(c) > 0 ? 0 : segmentation * localisation);
    e[1] = entry_real(key[1], segmentation);
    e[2] = entry_real(key[2], localisation);
    return 3;
}

/* What lacks to 1 in the two factors, by cause. */
static int error_shares(const counts *c, entry *e)
{
    double hits = (double)c->hits, all = all_objects(c);
    int n = 0;
    e[n++] = entry_real("seg_merging", quotient(c->pair_merging, hits));
    e[n++] = entry_real("seg_interference", quotient(c->pair_interference, hits));
    e[n++] = entry_real("seg_perception", quotient(c->pair_perception, hits));
    e[n++] = entry_real("loc_one_to_many", quotient((double)c->spare_targets, all));
    e[n++] = entry_real("loc_many_to_one", quotient((double)c->spare_detections, all));
    e[n++] = entry_real("loc_interference",
                        quotient((double)(c->lone_detections + c->no_detection), all));
    e[n++] = entry_real("loc_perception", quotient((double)(c->lone_targets + c->no_target), all));
    return n;
}

void totals_scores(const totals *t, entry e[SCORES])
{
    static const char *const distance_keys[] = {"hiou_distance", "seg_iou_distance",
                                                "loc_iou_distance"};
    static const char *const opdc_keys[] = {"hiou", "seg_iou", "loc_iou"};
    const counts *distance = &t->by[MATCH_DISTANCE], *opdc = &t->by[MATCH_OPDC];
    const counts *shooting = &t->by[MATCH_SHOOTING];
    int n = 0;
    e[n++] = entry_real("iou", counts_iou(distance));
    e[n++] = entry_real("niou", quotient(t->iou_sum, (double)t->iou_count));
    e[n++] = entry_real("precision", counts_precision(distance));
    e[n++] = entry_real("recall", counts_recall(distance));
    e[n++] = entry_real("f1", counts_f1(distance));
    e[n++] = entry_real("pr_area", curve_pr_area(&t->pixels));
    e[n++] = entry_real("roc_area", curve_roc_area(&t->pixels));
    e[n++] = entry_real("pd_distance", counts_pd(distance));
    e[n++] = entry_real("fa_per_million_distance", counts_fa_per_million(distance));
    n += hierarchical(distance, distance_keys, e + n);
    e[n++] = entry_real("pd_opdc", counts_pd(opdc));
    e[n++] = entry_real("fa_per_million_opdc", counts_fa_per_million(opdc));
    n += hierarchical(opdc, opdc_keys, e + n);
    n += error_shares(opdc, e + n);
    e[n++] = entry_real("pd_shooting", counts_pd(shooting));
    e[n++] = entry_real("fa_per_million_shooting", counts_fa_per_million(shooting));
}

/* The scores of the default table; returns how many. */
static int common_scores(const totals *t, match_kind kind, const double *clean_iou, entry *e)
{
    const counts *c = &t->by[kind];
    double iou = counts_iou(c);
    int n = 0;
    e[n++] = entry_real("iou", iou);
    e[n++] = entry_real("niou", quotient(t->iou_sum, (double)t->iou_count));
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
