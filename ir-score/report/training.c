/* Losses and held-out IoU over the rounds. */
#include <stdlib.h>

#include "chart.h"
#include "html.h"
#include "section.h"

static bool has_number(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] == x[i])
            return true;
    return false;
}

static void add_line(chart_line *line, int *n, const run *r, int series, const char *column,
                     double times, const char *note, bool second)
{
    double *y = tsv_reals(r->log, column, times);
    if (!has_number(y, r->log->rows)) {
        free(y);
        return;
    }
    line[(*n)++] =
        (chart_line){r->name, note, series, second, tsv_reals(r->log, "round", 1), y, r->log->rows};
}

/* The lines' own ends. */
static scale scale_of(const chart_line *line, int n, bool y, bool with_zero)
{
    size_t all = 0;
    double *value;
    scale s;
    for (int i = 0; i < n; i++)
        all += line[i].n;
    value = ir_calloc(all, sizeof *value);
    all = 0;
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < line[i].n; k++)
            value[all++] = y ? line[i].y[k] : line[i].x[k];
    s = scale_around(value, all, with_zero);
    free(value);
    return s;
}

static void figure(FILE *file, chart_line *line, int n, const char *title, const char *y_label)
{
    if (n > 0) {
        axes a = {title, "round", y_label, scale_of(line, n, false, true),
                  scale_of(line, n, true, false)};

        a.x.whole = true;
        html(file, "<figure><figcaption>%s</figcaption>\n", title);
        chart_lines(file, &a, line, n);
        fputs("</figure>\n", file);
    }
    for (int i = 0; i < n; i++) {
        free((double *)line[i].x);
        free((double *)line[i].y);
    }
}

void section_training(FILE *file, const run *r, int n)
{
    chart_line *line = ir_calloc(2 * (size_t)n, sizeof *line);
    int lines = 0;
    fputs("<section id=\"training\"><h2>Training</h2>\n<div class=\"figures\">\n", file);
    for (int i = 0; i < n; i++)
        if (r[i].log) {
            add_line(line, &lines, &r[i], i, "loss_clean", 1, "clean frames", false);
            add_line(line, &lines, &r[i], i, "loss_corrupted", 1, "corrupted frames", true);
        }
    figure(file, line, lines, "Loss in training", "loss, mean over the round's frames");
    lines = 0;
    for (int i = 0; i < n; i++)
        if (r[i].log)
            add_line(line, &lines, &r[i], i, "iou", 100, "", false);
    figure(file, line, lines, "IoU of the frames held out", "IoU, %");
    if (lines == 0)
        fputs("<p class=\"missing\">No IoU of held-out frames: no run was given a list by "
              "<code>VAL=</code>.</p>\n",
              file);
    fputs("</div>\n", file);
    for (int i = 0; i < n; i++)
        if (!r[i].log)
            section_missing(file, &r[i], "training curves", "report");
    fputs("</section>\n", file);
    free(line);
}
