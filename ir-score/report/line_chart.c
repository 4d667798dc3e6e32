/* Lines between two axes, and the legends of all charts. */
#include <string.h>

#include "chart.h"
#include "colour.h"
#include "html.h"

static void legend_line(FILE *file, int series, bool second, const char *name, const char *note)
{
    html(file,
         "<li><svg class=\"mark\" viewBox=\"0 0 28 10\" aria-hidden=\"true\">"
         "<path class=\"line s%d%s\" d=\"M1 5H27\"/></svg>%s%s%s</li>\n",
         series % COLOUR_SERIES, second ? " second" : "", name, *note ? " " : "", note);
}

void chart_lines(FILE *file, const axes *a, const chart_line *line, int lines)
{
    plot p = plot_begin(file, a);
    for (int i = 0; i < lines; i++)
        plot_line(&p, line[i].series, line[i].second, line[i].x, line[i].y, line[i].n);
    plot_end(&p);
    fputs("<ul class=\"legend\">\n", file);
    for (int i = 0; i < lines; i++)
        legend_line(file, line[i].series, line[i].second, line[i].name, line[i].note);
    fputs("</ul>\n", file);
}

void chart_legend(FILE *file, const char *const *name, int n)
{
    fputs("<ul class=\"legend\">\n", file);
    for (int i = 0; i < n; i++)
        if (name[i])
            html(file,
                 "<li><svg class=\"mark\" viewBox=\"0 0 28 10\" aria-hidden=\"true\">"
                 "<rect class=\"bar s%d\" x=\"8\" width=\"12\" height=\"10\"/></svg>%s</li>\n",
                 i % COLOUR_SERIES, name[i]);
    fputs("</ul>\n", file);
}
