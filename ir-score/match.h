/* The three ways in which targets take detections. */
#ifndef IR_SCORE_MATCH_H
#define IR_SCORE_MATCH_H

#include "counts.h"
#include "pairs.h"
#include "stream/components.h"

/* How near, in pixels, centroids must be. */
#define MATCH_DISTANCE_BELOW 3.0

double match_distance_between(const ir_component *a, const ir_component *b);

/* By distance, as BasicIRSTD's metrics do: in raster order of their first pixels each target takes
 * the first detection, in the same order, that is not taken yet and whose centroid lies less than
 * 3 pixels from its own. detection_of: by target, -1 for none. */
void match_distance(const ir_components *truth, const ir_components *predicted, int *detection_of);

/* Overlap priority with distance compensation (Pang et al., "Rethinking Evaluation of Infrared
 * Small Target Detection", NeurIPS 2025, as pyirstdmetrics 1.0.2 computes it): of the assignment of
 * all targets and detections with the least sum of distances the pairs with an IoU of at least 0.5
 * stay; what is left is assigned once more, and there the pairs nearer than 3 pixels stay. overlap:
 * sorted. Counts lone_* and spare_* in c. */
void match_opdc(const ir_components *truth, const ir_components *predicted, const pairs *overlap,
                int *detection_of, counts *c);

/* The shooting rule (Li et al., "Direction-Coded Temporal U-Shape Module for Multiframe Infrared
 * Small Target Detection", 2023): a target is hit when a predicted pixel lies within 1 pixel, in
 * rows and in columns, of one of its own; predicted pixels not within 4 pixels of any target are
 * false alarms, and the detections that hold such pixels. Fills the targets' part of c. */
void match_shooting(const ir_components *truth, const ir_components *predicted, int width,
                    int height, counts *c);

#endif
