/* The scores of a set of images and of each of them. */
#ifndef IR_SCORE_REPORT_H
#define IR_SCORE_REPORT_H

#include "counts.h"
#include "table.h"

/* Sums over the images seen so far. */
typedef struct {
    counts sum;
    long images;
    double iou_sum; /* over the images whose IoU is defined */
    long iou_count; /* how many those are */
} totals;

void totals_add(totals *t, const counts *c);

/* Prints the scores of the set. clean_iou: the IoU on clean images that RCE is relative to, or NULL
 * for no RCE.
 *
 *   iou             sum of intersections / sum of unions
 *   niou            mean of the images' IoU, leaving out images whose union is empty
 *   pd              hits / targets
 *   fa_per_million  1e6 * false-alarm pixels / pixels
 *   rce             (clean_iou - iou) / clean_iou */
void report_totals(FILE *file, const totals *t, table_format format, const double *clean_iou);

/* One image's counts: a row (before the first of them the header), or a JSON object on a line. */
void report_image(FILE *file, const char *name, const counts *c, table_format format, bool first);

#endif
