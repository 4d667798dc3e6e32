/* The frame of a chart: an SVG picture with two axes, and places on them. */
#ifndef IR_SCORE_PLOT_H
#define IR_SCORE_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct {
    double low, high; /* low < high; both > 0 when log */
    bool log;
    bool whole; /* ticks at whole numbers only */
} scale;

typedef struct {
    const char *title;             /* what a reader who does not see it is told */
    const char *x_label, *y_label; /* with units */
    scale x, y;
} axes;

typedef struct {
    FILE *file;
    scale x, y;
} plot;

/* Writes the start of the picture, the grid, its numbers and labels. */
plot plot_begin(FILE *file, const axes *a);
void plot_end(const plot *p);

/* Where a value lies in the picture; values outside of the axes lie on their ends. */
double plot_x(const plot *p, double x);
double plot_y(const plot *p, double y);
/* The points joined, as run `series` has it; broken where a value is NaN. A point alone is a dot.
 * second: the run's other line, dotted. */
void plot_line(const plot *p, int series, bool second, const double *x, const double *y, size_t n);
/* A thin line across at height y, with a name. */
void plot_level(const plot *p, double y, const char *name);

/* The smallest scale with round ends that holds all values; NaN does not count. */
scale scale_around(const double *value, size_t n, bool with_zero);

#endif
