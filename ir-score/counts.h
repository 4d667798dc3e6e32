/* What scoring counts, image by image: pixels that agree, targets that were found. */
#ifndef IR_SCORE_COUNTS_H
#define IR_SCORE_COUNTS_H

#include "stream/image.h"

/* Of one image, or summed over many. A component is 8-connected. */
typedef struct {
    long pixels, true_pixels, predicted_pixels;
    long intersection;       /* pixels both true and predicted */
    long targets, hits;      /* components of the true mask, and those found */
    long false_alarms;       /* predicted components that match no target */
    long false_alarm_pixels; /* their pixels */
} counts;

void counts_add(counts *sum, const counts *c);
long counts_union(const counts *c); /* pixels true, predicted or both */
/* intersection / union, NaN when the union is empty. */
double counts_iou(const counts *c);
/* Of a million pixels, how many lie in false alarms. */
double counts_fa_per_million(const counts *c);

/* The smallest sample v for which v / maxval > threshold (0..1); maxval + 1 when there is none. */
int first_level_above(double threshold, int maxval);

/* Compares a prediction with a true mask, reusing its memory from image to image. */
typedef struct matcher matcher;

matcher *matcher_new(void);
void matcher_free(matcher *m);
/* The mask that the next predictions are compared with. */
void matcher_set_truth(matcher *m, const ir_image *truth);
/* Counts the prediction's pixels >= level against that mask, which must have the same size.
 *
 * Targets are matched by distance, as BasicIRSTD's PD_FA does: in raster order of their first
 * pixels each takes the first predicted component, in the same order, that is not taken yet and
 * whose centroid lies less than 3 pixels from its own. */
counts matcher_count(matcher *m, const ir_image *predicted, int level);

#endif
