/* What scoring counts, image by image: pixels that agree, targets that were found. */
#ifndef IR_SCORE_COUNTS_H
#define IR_SCORE_COUNTS_H

#include "stream/image.h"

typedef struct ir_components ir_components; /* stream/components.h */

/* How targets take detections; see match.h. */
typedef enum { MATCH_DISTANCE, MATCH_OPDC, MATCH_SHOOTING, MATCHES } match_kind;

/* Of one image, or summed over many. A component is 8-connected. */
typedef struct {
    long pixels, true_pixels, predicted_pixels;
    long intersection;       /* pixels both true and predicted */
    long targets, hits;      /* components of the true mask, and those found */
    long false_alarms;       /* predicted components that match no target */
    long false_alarm_pixels; /* their pixels */

    /* Images that count as one missed target or one false alarm although they hold no target or no
     * detection: the published OPDC counts so. */
    long no_target, no_detection;
    /* Sums over the pairs of target and detection: their IoU, and what lacks to 1, as shares of
     * their union: pixels of other targets, of the background, of the target but not found. */
    double pair_iou, pair_merging, pair_interference, pair_perception;
    /* OPDC: detections near no target, targets near no detection; the rest lost to a rival. */
    long lone_detections, lone_targets, spare_detections, spare_targets;
} counts;

void counts_add(counts *sum, const counts *c);
long counts_union(const counts *c); /* pixels true, predicted or both */
/* intersection / union, NaN when the union is empty. */
double counts_iou(const counts *c);
/* Of the predicted pixels, those that are true; of the true ones, those predicted; the harmonic
 * mean of the two. NaN when there are no such pixels, f1 when there are neither. */
double counts_precision(const counts *c);
double counts_recall(const counts *c);
double counts_f1(const counts *c);
/* Of the targets, those found; NaN without a target. */
double counts_pd(const counts *c);
/* Of a million pixels, how many lie in false alarms. */
double counts_fa_per_million(const counts *c);

/* Compares a prediction with a true mask, reusing its memory from image to image. */
typedef struct matcher matcher;

/* pairs: the sums over pairs are wanted, not for OPDC alone. */
matcher *matcher_new(bool pairs);
void matcher_free(matcher *m);
/* The mask that the next predictions are compared with. */
void matcher_set_truth(matcher *m, const ir_image *truth);
const ir_components *matcher_truth(const matcher *m); /* its components */
/* The prediction, its pixels >= level; it must have the mask's size. */
void matcher_set_prediction(matcher *m, const ir_image *predicted, int level);
/* Counts that prediction against that mask. */
counts matcher_count(matcher *m, match_kind kind);

#endif
