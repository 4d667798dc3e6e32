/* The scores of the test frames with their intervals, clean and corrupted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "html.h"
#include "section.h"

enum { SHOWN = 8 };

typedef struct {
    const char *key, *title;
    const char *label; /* in the chart; NULL: not there, since it is no share of 1 */
    double times;
    int decimals;
} score;

static const score shown[SHOWN] = {
    {"iou", "IoU, %", "IoU", 100, 2},
    {"niou", "nIoU, %", "nIoU", 100, 2},
    {"f1", "F1 of pixels, %", "F1", 100, 2},
    {"pd_distance", "Pd, %", "Pd", 100, 2},
    {"fa_per_million_distance", "Fa, pixels per million", NULL, 1, 1},
    {"hiou", "hIoU, %", "hIoU", 100, 2},
    {"pr_area", "area under PR, %", "PR area", 100, 2},
    {"roc_area", "area under ROC, %", "ROC area", 100, 2},
};

typedef struct {
    double value, low, high;
} interval;

/* One of a run's two tables of scores; no table: the run has none. */
typedef struct {
    const tsv *table;
    const row_index *rows;
} part;

static part clean_of(const run *r)
{
    return (part){r->clean, &r->clean_rows};
}

static part corrupted_of(const run *r)
{
    return (part){r->corrupted, &r->corrupted_rows};
}

static interval find(part p, const char *key)
{
    long row = row_index_find(p.rows, &key, 1);
    if (row < 0)
        return (interval){NAN, NAN, NAN};
    return (interval){tsv_real(p.table, (size_t)row, tsv_need(p.table, "value")),
                      tsv_real(p.table, (size_t)row, tsv_need(p.table, "low")),
                      tsv_real(p.table, (size_t)row, tsv_need(p.table, "high"))};
}

typedef part (*part_of)(const run *r);

static void table_cell(FILE *file, interval i, double times, int decimals)
{
    fputs("<td class=\"number\">", file);
    html_real(file, times * i.value, decimals);
    if (isfinite(i.low) && isfinite(i.high)) {
        fputs(" <small>[", file);
        html_real(file, times * i.low, decimals);
        fputs(", ", file);
        html_real(file, times * i.high, decimals);
        fputs("]</small>", file);
    }
    fputs("</td>", file);
}

static void head(FILE *file, const run *r, int n, part_of of)
{
    fputs("<div class=\"scroll\"><table>\n<tr><th scope=\"col\">Score</th>", file);
    for (int i = 0; i < n; i++)
        if (of(&r[i]).table)
            html(file, "<th scope=\"col\" class=\"number\">%s</th>", r[i].name);
    fputs("</tr>\n", file);
}

static void row(FILE *file, const run *r, int n, part_of of, const score *s)
{
    html(file, "<tr><th scope=\"row\">%s</th>", s->title);
    for (int i = 0; i < n; i++)
        if (of(&r[i]).table)
            table_cell(file, find(of(&r[i]), s->key), s->times, s->decimals);
    fputs("</tr>\n", file);
}

/* Every score that the first table has. */
static void all_scores(FILE *file, const run *r, int n, part_of of, const tsv *first)
{
    int column = tsv_need(first, "score");
    fputs("<details><summary>Every score</summary>\n", file);
    head(file, r, n, of);
    for (size_t k = 0; k < first->rows; k++) {
        const char *key = tsv_text(first, k, column);

        row(file, r, n, of, &(score){key, key, NULL, 1, strncmp(key, "fa_", 3) == 0 ? 2 : 4});
    }
    fputs("</table></div></details>\n", file);
}

static void chart(FILE *file, const run *r, int n, part_of of, const char *title)
{
    size_t capacity = (size_t)SHOWN * (size_t)n;
    double *value = ir_calloc(capacity, 3 * sizeof *value), *low = value + capacity,
           *high = low + capacity;
    const char *names[SHOWN], **run_name = ir_calloc((size_t)n, sizeof *run_name);
    interval_chart c = {title, "score, 0 to 1; whisker: 95 % interval", 0, n, names, value, low,
                        high};
    for (int s = 0; s < SHOWN; s++) {
        if (!shown[s].label)
            continue;
        for (int i = 0; i < n; i++) {
            interval found = {NAN, NAN, NAN};

            if (of(&r[i]).table)
                found = find(of(&r[i]), shown[s].key);
            value[c.rows * n + i] = found.value;
            low[c.rows * n + i] = found.low;
            high[c.rows * n + i] = found.high;
        }
        names[c.rows++] = shown[s].label;
    }
    for (int i = 0; i < n; i++)
        run_name[i] = of(&r[i]).table ? r[i].name : NULL;
    html(file, "<figure><figcaption>%s</figcaption>\n", title);
    chart_intervals(file, &c);
    chart_legend(file, run_name, n);
    fputs("</figure>\n", file);
    free(run_name);
    free(value);
}

static void one_set(FILE *file, const run *r, int n, part_of of, const char *title,
                    const char *what)
{
    const tsv *first = NULL;
    html(file, "<h3>%s</h3>\n", title);
    for (int i = 0; i < n; i++) {
        if (!of(&r[i]).table)
            section_missing(file, &r[i], what, "report");
        first = first ? first : of(&r[i]).table;
    }
    if (!first)
        return;
    fputs("<div class=\"figures\"><div>\n", file);
    head(file, r, n, of);
    for (int s = 0; s < SHOWN; s++)
        row(file, r, n, of, &shown[s]);
    fputs("</table></div>\n", file);
    all_scores(file, r, n, of, first);
    fputs("</div>\n", file);
    chart(file, r, n, of, title);
    fputs("</div>\n", file);
}

void section_scores(FILE *file, const run *r, int n)
{
    fputs("<section id=\"scores\"><h2>Scores of the test frames</h2>\n"
          "<p>In brackets the 95 % interval by the bootstrap over frames. Targets are matched by "
          "distance, in hIoU by overlap.</p>\n",
          file);
    one_set(file, r, n, clean_of, "Clean frames", "scores of the clean frames");
    one_set(file, r, n, corrupted_of, "The same frames, each under one of the strategies",
            "scores of the corrupted frames");
    fputs("</section>\n", file);
}
