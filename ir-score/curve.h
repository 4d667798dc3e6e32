/* Pixels over the thresholds of probability maps: precision against recall, and areas under curves.
 *
 * As everywhere, a pixel is predicted when value / maxval > threshold. */
#ifndef IR_SCORE_CURVE_H
#define IR_SCORE_CURVE_H

#include "counts.h"
#include "table.h"

enum { CURVE_TURNS = 8 };

/* Counts at the thresholds 0, 1/steps, 2/steps, ..., 1. They add up over images. */
typedef struct {
    int steps;
    long *predicted, *both; /* steps + 1 each: pixels predicted, and those of them that are true */
    long pixels, true_pixels;

    /* While counting, made on first use: how many thresholds a sample is above, for maps of that
     * maxval; pixels by that number. */
    int maxval;
    uint16_t *above;
    uint32_t (*bin)[CURVE_TURNS];
} curve;

curve curve_new(int steps); /* all zero */
void curve_free(curve *c);
void curve_clear(curve *c);
/* One image's counts, in place of what c held. truth: the true mask's components, of the same size.
 * Time linear in the pixels. */
void curve_count(curve *c, const ir_image *map, const ir_components *truth);
void curve_add(curve *sum, const curve *c);

/* The area under true- over false-positive rate by the trapezoidal rule, from (0,0) over the points
 * of all thresholds to (1,1), where everything is predicted; NaN without true or without false
 * pixels. */
double curve_roc_area(const curve *c);
/* The area under precision over recall by steps (average precision): the sum of precision times
 * what recall gains, from the highest threshold down to everything predicted. A trapezoid would
 * promise precision between two points that no threshold has (Davis and Goadrich, ICML 2006). NaN
 * without a true pixel. */
double curve_pr_area(const curve *c);

/* A row per threshold: threshold, precision, recall, f1. Then the area: as the comment "# area", a
 * tab, the area. In JSON one object with area and points. */
void curve_print_pr(FILE *file, const curve *c, table_format format);

#endif
