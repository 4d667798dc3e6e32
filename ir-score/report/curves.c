/* Rates over thresholds: ROC of pixels and of targets, precision against recall. */
#include <math.h>
#include <stdlib.h>

#include "chart.h"
#include "html.h"
#include "section.h"

typedef struct {
    const char *title, *x, *y; /* x, y: columns */
    const char *x_label, *y_label;
    scale along;
    bool precision, area; /* of RUN/scored/pr.tsv; whether the legend says the area */
} kind;

static const kind kinds[] = {
    {"ROC of pixels",
     "false_positive_rate",
     "true_positive_rate",
     "false positives of all false pixels (logarithmic)",
     "true positives of all true pixels",
     {1e-6, 1, .log = true},
     false,
     true},
    {"Detection over false alarms",
     "fa_per_million",
     "pd",
     "Fa, false-alarm pixels per million (logarithmic)",
     "Pd, targets found of all",
     {1, 1e6, .log = true},
     false,
     false},
    {"Precision over recall",
     "recall",
     "precision",
     "recall of true pixels",
     "precision of predicted pixels",
     {.high = 1},
     true,
     true},
};

static void figure(FILE *file, const run *r, int n, const kind *k)
{
    axes a = {k->title, k->x_label, k->y_label, k->along, {.high = 1}};
    chart_line *line = ir_calloc((size_t)n, sizeof *line);
    char(*note)[40] = ir_calloc((size_t)n, sizeof *note);
    int lines = 0;

    for (int i = 0; i < n; i++) {
        const tsv *t = k->precision ? r[i].pr : r[i].roc;

        if (!t)
            continue;
        if (k->area && isfinite(t->area))
            snprintf(note[lines], sizeof *note, "area %.4f", t->area);
        line[lines] = (chart_line){r[i].name, note[lines],           i,
                                   false,     tsv_reals(t, k->x, 1), tsv_reals(t, k->y, 1),
                                   t->rows};
        lines++;
    }
    if (lines > 0) {
        html(file, "<figure><figcaption>%s</figcaption>\n", k->title);
        chart_lines(file, &a, line, lines);
        fputs("</figure>\n", file);
    }
    for (int i = 0; i < lines; i++) {
        free((double *)line[i].x);
        free((double *)line[i].y);
    }
    free(note);
    free(line);
}

void section_curves(FILE *file, const run *r, int n)
{
    fputs("<section id=\"curves\"><h2>Over all thresholds</h2>\n"
          "<p>Of the clean test frames. Logarithmic axes leave out thresholds without a false "
          "positive.</p>\n<div class=\"figures\">\n",
          file);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        figure(file, r, n, &kinds[k]);
    fputs("</div>\n", file);
    for (int i = 0; i < n; i++)
        if (!r[i].roc || !r[i].pr)
            section_missing(file, &r[i], "curves", "report");
    fputs("</section>\n", file);
}
