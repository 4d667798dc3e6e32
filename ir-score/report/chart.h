/* The charts of the report: an SVG picture each, with a legend. */
#ifndef IR_SCORE_CHART_H
#define IR_SCORE_CHART_H

#include "plot.h"

typedef struct {
    const char *name, *note; /* note: after the name in the legend, or "" */
    int series;              /* number of the run */
    bool second;             /* of a run's two lines the dotted one */
    const double *x, *y;
    size_t n;
} chart_line;

void chart_lines(FILE *file, const axes *a, const chart_line *line, int lines);

/* Names beside the marks of runs 0, 1, ...; NULL: left out. */
void chart_legend(FILE *file, const char *const *name, int n);

typedef struct {
    int row, column;
    double value; /* NaN: undefined */
} heat_cell;

/* Cells in the colours of their values. Time and the page's length grow with the names and the
 * cells that there are, not with rows times columns. */
typedef struct {
    const char *title, *unit;
    int rows, columns;
    const char *const *row, *const *column; /* their names */
    const char *columns_are;                /* what the columns are, or NULL */
    const heat_cell *cell;
    size_t cells;
    double low, high; /* the ends of the colours */
    int decimals;     /* of the numbers in the cells; -1: none */
    int bands;        /* a gap after so many rows; 0: none */
} heat_map;

void chart_heat(FILE *file, const heat_map *h);

/* Groups of bars from 0 to 100, a bar per run. */
typedef struct {
    const char *title, *x_label;
    int groups, runs;
    const char *const *group;
    const double *value; /* group by group */
    const double *level; /* per run a thin line across, or NaN */
} bar_chart;

void chart_bars(FILE *file, const bar_chart *b);

/* A dot and a whisker for each run of each row, on an axis from 0 to 1. */
typedef struct {
    const char *title, *x_label;
    int rows, runs;
    const char *const *row;
    const double *value, *low, *high; /* row by row */
} interval_chart;

void chart_intervals(FILE *file, const interval_chart *c);

#endif
