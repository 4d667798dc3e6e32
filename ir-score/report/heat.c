/* Heat maps in viridis, with their scale of colours. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "colour.h"
#include "html.h"

enum { WIDTH = 480, LEFT = 148, TOP = 36, CELL = 19, GAP = 5, BAR = 40, STEPS = 64, LETTER = 8 };

static long row_y(const heat_map *h, int row)
{
    return TOP + (long)row * CELL + (h->bands > 0 ? (long)(row / h->bands) * GAP : 0);
}

static double share(const heat_map *h, double value)
{
    return h->high > h->low ? (value - h->low) / (h->high - h->low) : 0;
}

static void fill(FILE *file, colour c)
{
    html(file, " fill=\"#%02x%02x%02x\"", c.red, c.green, c.blue);
}

static void cell(FILE *file, const heat_map *h, const heat_cell *at)
{
    double value = at->value, width = (double)(WIDTH - LEFT) / h->columns;
    double x = LEFT + at->column * width;
    long y = row_y(h, at->row);
    colour c = colour_viridis(share(h, value));
    if (isnan(value)) {
        html(file, "<rect class=\"none\" x=\"%.2f\" y=\"%ld\" width=\"%.2f\" height=\"%d\"/>\n", x,
             y, width, CELL);
    } else {
        html(file, "<rect x=\"%.2f\" y=\"%ld\" width=\"%.2f\" height=\"%d\"", x, y, width, CELL);
        fill(file, c);
        html(file, "><title>%s, %s: ", h->row[at->row], h->column[at->column]);
        html_real(file, value, h->decimals < 0 ? 2 : h->decimals);
        html(file, " %s</title></rect>\n", h->unit);
    }
    if (h->decimals < 0)
        return;
    html(file, "<text class=\"%s\" text-anchor=\"middle\" x=\"%.2f\" y=\"%ld\">",
         isnan(value)        ? "tick"
         : colour_is_dark(c) ? "on-dark"
                             : "on-light",
         x + width / 2, y + 14);
    html_real(file, value, h->decimals);
    fputs("</text>\n", file);
}

/* As many columns' names as there is room for. */
static void column_names(FILE *file, const heat_map *h)
{
    double width = (double)(WIDTH - LEFT) / h->columns;
    size_t longest = 1;
    double apart;
    int every;
    for (int i = 0; i < h->columns; i++)
        longest = strlen(h->column[i]) > longest ? strlen(h->column[i]) : longest;
    apart = ceil(((double)longest * LETTER + 4) / width);
    every = apart < h->columns ? (int)apart : h->columns;
    for (int i = 0; i < h->columns; i += every)
        html(file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.2f\" y=\"%d\">%s</text>\n",
             LEFT + (i + 0.5) * width, TOP - 5, h->column[i]);
    if (h->columns_are)
        html(file, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%s</text>\n",
             LEFT - 6, TOP - 5, h->columns_are);
}

/* The colours from the least value to the largest. */
static void colour_bar(FILE *file, const heat_map *h, long y)
{
    double step = (double)(WIDTH - LEFT) / STEPS;
    for (int i = 0; i < STEPS; i++) {
        html(file, "<rect x=\"%.2f\" y=\"%ld\" width=\"%.2f\" height=\"10\"", LEFT + i * step, y,
             step + 0.3);
        fill(file, colour_viridis((double)i / (STEPS - 1)));
        fputs("/>", file);
    }
    html(file,
         "\n<text class=\"tick\" x=\"%d\" y=\"%ld\">%.4g</text>"
         "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%ld\">%.4g</text>\n"
         "<text class=\"tick\" text-anchor=\"middle\" x=\"%d\" y=\"%ld\">%s</text>\n",
         LEFT, y + 24, h->low, WIDTH, y + 24, h->high, (LEFT + WIDTH) / 2, y + 24, h->unit);
}

void chart_heat(FILE *file, const heat_map *h)
{
    long end = row_y(h, h->rows - 1) + CELL;
    html(file, "<svg viewBox=\"0 0 %d %ld\" role=\"img\" aria-label=\"%s\">\n", WIDTH, end + BAR,
         h->title);
    column_names(file, h);
    for (int row = 0; row < h->rows; row++)
        html(file, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%ld\">%s</text>\n",
             LEFT - 6, row_y(h, row) + 14, h->row[row]);
    for (size_t i = 0; i < h->cells; i++)
        cell(file, h, &h->cell[i]);
    colour_bar(file, h, end + 10);
    fputs("</svg>\n", file);
}
