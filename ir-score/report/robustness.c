/* The robustness tables: heat maps, bars against severity, and all numbers side by side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "html.h"
#include "names.h"
#include "section.h"

/* As many names of each kind as a page has room for. */
enum { MOST_DATASETS = 20, MOST_CORRUPTIONS = 100, MOST_SEVERITIES = 20 };

/* The data sets, corruptions and severities of all runs' tables, as far as they are shown. */
typedef struct {
    const run *r;
    int n;
    names datasets, corruptions, means, severities;
    long left_out; /* rows */
} tables;

static const char *dataset_of(const tsv *t, size_t row, int column)
{
    return column < 0 ? "" : tsv_text(t, row, column);
}

static bool is_mean(const char *corruption)
{
    return strncmp(corruption, "mean-of-", 8) == 0;
}

/* Whether the name is one of the first so many. */
static bool admit(names *s, const char *name, int most)
{
    if (s->n == most && names_find(s, name) < 0)
        return false;
    names_index(s, name);
    return true;
}

static bool admit_row(tables *all, const char *dataset, const char *name, const char *level)
{
    names *kind = is_mean(name) ? &all->means : &all->corruptions;
    return admit(&all->datasets, dataset, MOST_DATASETS) &&
           (strcmp(name, "clean") == 0 || admit(kind, name, MOST_CORRUPTIONS)) &&
           (strcmp(level, "-") == 0 || strcmp(level, "mean") == 0 ||
            admit(&all->severities, level, MOST_SEVERITIES));
}

static void collect(tables *all, const tsv *t)
{
    int corruption = tsv_need(t, "corruption"), severity = tsv_need(t, "severity");
    int iou = tsv_need(t, "iou"), dataset = tsv_find(t, "dataset");
    for (size_t row = 0; row < t->rows; row++) {
        tsv_real(t, row, iou); /* is checked */
        all->left_out += !admit_row(all, dataset_of(t, row, dataset), tsv_text(t, row, corruption),
                                    tsv_text(t, row, severity));
    }
}

/* A run's IoU in percent; infinite when the table has no such row. */
static double find(const run *r, const char *dataset, const char *corruption, const char *severity)
{
    const char *key[] = {dataset, corruption, severity};
    long row = row_index_find(&r->robustness_rows, key, 3);
    if (row < 0)
        return INFINITY;
    return tsv_real(r->robustness, (size_t)row, tsv_need(r->robustness, "iou"));
}

/* Row i of the heat map: first the corruptions, then their means. */
static const char *corruption_at(const tables *all, int i, bool shown)
{
    const names *kind = i < all->corruptions.n ? &all->corruptions : &all->means;
    i -= i < all->corruptions.n ? 0 : all->corruptions.n;
    return shown ? kind->shown[i] : kind->name[i];
}

static void heat(FILE *file, const tables *all, const char *dataset, const run *r)
{
    int rows = all->corruptions.n + all->means.n, columns = all->severities.n + 1;
    heat_cell *cell = ir_calloc((size_t)rows * (size_t)columns, sizeof *cell);
    const char **row = ir_calloc((size_t)rows, sizeof *row);
    const char **column = ir_calloc((size_t)columns, sizeof *column);
    size_t cells = 0;
    for (int j = 0; j < columns; j++)
        column[j] = j + 1 < columns ? all->severities.shown[j] : "mean";
    for (int i = 0; i < rows; i++) {
        row[i] = corruption_at(all, i, true);
        for (int j = 0; j < columns; j++) {
            double value = find(r, dataset, corruption_at(all, i, false),
                                j + 1 < columns ? all->severities.name[j] : "mean");

            if (!isinf(value))
                cell[cells++] = (heat_cell){i, j, value};
        }
    }
    html(file, "<figure><figcaption>%s: IoU in percent, clean ", r->name);
    html_real(file, find(r, dataset, "clean", "-"), 2);
    fputs("</figcaption>\n", file);
    chart_heat(file, &(heat_map){.title = "IoU by corruption and severity",
                                 .unit = "IoU, %",
                                 .rows = rows,
                                 .columns = columns,
                                 .row = row,
                                 .column = column,
                                 .columns_are = "severity",
                                 .cell = cell,
                                 .cells = cells,
                                 .high = 100,
                                 .decimals = 1});
    fputs("</figure>\n", file);
    free(cell);
    free(row);
    free(column);
}

static void bars(FILE *file, const tables *all, const char *dataset, int which)
{
    const char *corruption = all->corruptions.name[which], *shown = all->corruptions.shown[which];
    int groups = all->severities.n;
    double *value = ir_calloc((size_t)(groups + 1) * (size_t)all->n, sizeof *value);
    double *level = value + groups * all->n;
    for (int i = 0; i < all->n; i++) {
        level[i] = find(&all->r[i], dataset, "clean", "-");
        for (int g = 0; g < groups; g++)
            value[g * all->n + i] = find(&all->r[i], dataset, corruption, all->severities.name[g]);
    }
    html(file, "<figure class=\"small\"><figcaption>%s</figcaption>\n", shown);
    chart_bars(file, &(bar_chart){.title = shown,
                                  .x_label = "severity",
                                  .groups = groups,
                                  .runs = all->n,
                                  .group = (const char *const *)all->severities.shown,
                                  .value = value,
                                  .level = level});
    fputs("</figure>\n", file);
    free(value);
}

static void number(FILE *file, double x)
{
    fputs("<td class=\"number\">", file);
    if (isinf(x))
        fputs("&ndash;", file);
    else
        html_real(file, x, 2);
    fputs("</td>", file);
}

/* A row of IoUs and what every further run gains over the first; none when no run has it. */
static void row(FILE *file, const tables *all, const char *dataset, const char *corruption,
                const char *severity)
{
    double first = find(&all->r[0], dataset, corruption, severity);
    bool any = false;
    for (int i = 0; i < all->n; i++)
        any = any || !isinf(find(&all->r[i], dataset, corruption, severity));
    if (!any)
        return;
    html(file, "<tr><th scope=\"row\">%s</th><td>%s</td>", corruption, severity);
    for (int i = 0; i < all->n; i++)
        number(file, find(&all->r[i], dataset, corruption, severity));
    for (int i = 1; i < all->n; i++) {
        double x = find(&all->r[i], dataset, corruption, severity);

        number(file, isinf(x) || isinf(first) ? INFINITY : x - first);
    }
    fputs("</tr>\n", file);
}

static void rows_of(FILE *file, const tables *all, const char *dataset, const char *corruption)
{
    for (int g = 0; g < all->severities.n; g++)
        row(file, all, dataset, corruption, all->severities.name[g]);
    row(file, all, dataset, corruption, "mean");
}

static void numbers(FILE *file, const tables *all, const char *dataset)
{
    fputs("<details><summary>All numbers: IoU in percent</summary>\n<div class=\"scroll\"><table>\n"
          "<tr><th scope=\"col\">Corruption</th><th scope=\"col\">Severity</th>",
          file);
    for (int i = 0; i < all->n; i++)
        html(file, "<th scope=\"col\" class=\"number\">%s</th>", all->r[i].name);
    for (int i = 1; i < all->n; i++)
        html(file, "<th scope=\"col\" class=\"number\">%s &minus; %s</th>", all->r[i].name,
             all->r[0].name);
    fputs("</tr>\n", file);
    row(file, all, dataset, "clean", "-");
    for (int i = 0; i < all->corruptions.n; i++)
        rows_of(file, all, dataset, all->corruptions.name[i]);
    for (int i = 0; i < all->means.n; i++)
        row(file, all, dataset, all->means.name[i], "mean");
    fputs("</table></div></details>\n", file);
}

static void one_dataset(FILE *file, const tables *all, const char *dataset)
{
    const char **name = ir_calloc((size_t)all->n, sizeof *name);
    if (*dataset != '\0')
        html(file, "<h3>Tested on %s</h3>\n", dataset);
    fputs("<div class=\"figures\">\n", file);
    for (int i = 0; i < all->n; i++)
        if (all->r[i].robustness) {
            name[i] = all->r[i].name;
            heat(file, all, dataset, &all->r[i]);
        }
    fputs("</div>\n<h4>IoU in percent against severity</h4>\n"
          "<p>The dashed lines are the clean frames' IoU.</p>\n",
          file);
    chart_legend(file, name, all->n);
    fputs("<div class=\"smalls\">\n", file);
    for (int i = 0; i < all->corruptions.n; i++)
        bars(file, all, dataset, i);
    fputs("</div>\n", file);
    numbers(file, all, dataset);
    free(name);
}

void section_robustness(FILE *file, const run *r, int n)
{
    tables all = {.r = r, .n = n};
    fputs("<section id=\"robustness\"><h2>Robustness</h2>\n", file);
    for (int i = 0; i < n; i++)
        if (r[i].robustness)
            collect(&all, r[i].robustness);
    for (int i = 0; i < all.datasets.n && all.severities.n > 0; i++)
        one_dataset(file, &all, all.datasets.name[i]);
    if (all.left_out > 0)
        html(file,
             "<p class=\"missing\">%ld rows are left out: only the first %d data sets, %d "
             "corruptions and %d severities are shown.</p>\n",
             all.left_out, MOST_DATASETS, MOST_CORRUPTIONS, MOST_SEVERITIES);
    for (int i = 0; i < n; i++)
        if (!r[i].robustness)
            section_missing(file, &r[i], "robustness table", "robustness");
    fputs("</section>\n", file);
    names_free(&all.datasets);
    names_free(&all.corruptions);
    names_free(&all.means);
    names_free(&all.severities);
}
