/* Groups of bars, and dots with whiskers. */
#include <math.h>

#include "chart.h"
#include "colour.h"
#include "html.h"

enum { WIDTH = 240, HEIGHT = 150, LEFT = 34, TOP = 8, BOTTOM = 34, RIGHT = 4 };

static double bar_y(double percent)
{
    percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    return TOP + (1 - percent / 100) * (HEIGHT - TOP - BOTTOM);
}

static void bar(FILE *file, const bar_chart *b, int group, int r, double x, double width)
{
    double value = b->value[group * b->runs + r];
    if (!isfinite(value)) {
        html(file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">n/a</text>\n",
             x + width / 2, HEIGHT - BOTTOM - 3);
        return;
    }
    html(file,
         "<rect class=\"bar s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>"
         "%.2f %%</title></rect>\n",
         r % COLOUR_SERIES, x, bar_y(value), width, HEIGHT - BOTTOM - bar_y(value), value);
}

void chart_bars(FILE *file, const bar_chart *b)
{
    double step = (double)(WIDTH - LEFT - RIGHT) / b->groups, width = 0.8 * step / b->runs;
    html(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
         b->title);
    for (int percent = 0; percent <= 100; percent += 25)
        html(file,
             "<path class=\"grid\" d=\"M%d %.1fH%d\"/>"
             "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%d</text>\n",
             LEFT, bar_y(percent), WIDTH - RIGHT, LEFT - 5, bar_y(percent) + 4, percent);
    for (int g = 0; g < b->groups; g++) {
        double x = LEFT + (g + 0.1) * step;

        for (int r = 0; r < b->runs; r++)
            bar(file, b, g, r, x + r * width, width);
        html(file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n",
             x + 0.4 * step, HEIGHT - BOTTOM + 14, b->group[g]);
    }
    for (int r = 0; r < b->runs; r++)
        if (isfinite(b->level[r]))
            html(file, "<path class=\"level s%d\" d=\"M%d %.1fH%d\"/>\n", r % COLOUR_SERIES, LEFT,
                 bar_y(b->level[r]), WIDTH - RIGHT);
    html(file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n</svg>\n",
         (LEFT + WIDTH) / 2, HEIGHT - 5, b->x_label);
}

/* ---- intervals ---- */

enum { SPAN = 480, NAMES = 120, ROW = 14, PAD = 10, AXIS = 40 };

static double interval_x(double x)
{
    return NAMES + (x < 0 ? 0 : x > 1 ? 1 : x) * (SPAN - NAMES - RIGHT - 10);
}

static void whisker(FILE *file, const interval_chart *c, int row, int r, int y)
{
    int i = row * c->runs + r;
    if (!isfinite(c->value[i]))
        return;
    if (isfinite(c->low[i]) && isfinite(c->high[i]))
        html(file, "<path class=\"whisker s%d\" d=\"M%.1f %dH%.1f\"/>\n", r % COLOUR_SERIES,
             interval_x(c->low[i]), y, interval_x(c->high[i]));
    html(file, "<circle class=\"s%d\" cx=\"%.1f\" cy=\"%d\" r=\"4\"/>\n", r % COLOUR_SERIES,
         interval_x(c->value[i]), y);
}

void chart_intervals(FILE *file, const interval_chart *c)
{
    int band = c->runs * ROW + PAD, end = c->rows * band;
    html(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", SPAN, end + AXIS,
         c->title);
    for (int i = 0; i <= 4; i++)
        html(file,
             "<path class=\"grid\" d=\"M%.1f 0V%d\"/>"
             "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%g</text>\n",
             interval_x(i / 4.0), end, interval_x(i / 4.0), end + 16, i / 4.0);
    for (int row = 0; row < c->rows; row++) {
        html(file, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%s</text>\n",
             NAMES - 8, row * band + band / 2 + 4, c->row[row]);
        for (int r = 0; r < c->runs; r++)
            whisker(file, c, row, r, row * band + PAD / 2 + r * ROW + ROW / 2);
    }
    html(file, "<text text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n</svg>\n",
         interval_x(0.5), end + 35, c->x_label);
}
