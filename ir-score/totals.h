/* The scores of a set of images and of each of them. */
#ifndef IR_SCORE_TOTALS_H
#define IR_SCORE_TOTALS_H

#include "counts.h"
#include "curve.h"
#include "table.h"

/* Sums over the images seen so far, or those of one image. */
typedef struct {
    counts by[MATCHES]; /* all three only when every score is wanted */
    curve pixels;       /* only then, too */
    long images;
    double iou_sum; /* over the images whose IoU is defined */
    long iou_count; /* how many those are */
} totals;

/* steps: of the curves, 0 for none. */
totals totals_new(int steps);
void totals_free(totals *t);
void totals_clear(totals *t);
void totals_add(totals *sum, const totals *t);
/* One image's counts under one way to match; then the mean of the images' IoU. */
void totals_set(totals *t, match_kind kind, const counts *c);

/* Prints the scores of the set under one way to match. clean_iou: the IoU on clean images that RCE
 * is relative to, or NULL for no RCE.
 *
 *   iou             sum of intersections / sum of unions
 *   niou            mean of the images' IoU, leaving out images whose union is empty
 *   pd              hits / targets
 *   fa_per_million  1e6 * false-alarm pixels / pixels
 *   rce             (clean_iou - iou) / clean_iou
 *
 * all: every score of totals_scores() after them. */
void report_totals(FILE *file, const totals *t, match_kind kind, table_format format,
                   const double *clean_iou, bool all);

/* How many rows scores.def has. */
#define SCORE(...) +1
enum {
    SCORES = 0
#include "scores.def"
};
#undef SCORE

/* Every score, see ir-score(1); the keys are the same for any totals. */
void totals_scores(const totals *t, entry e[SCORES]);

/* One image's counts: a row (before the first of them the header), or a JSON object on a line. */
void report_image(FILE *file, const char *name, const counts *c, table_format format, bool first);

#endif
