/* How often each strategy was played, round by round, and how undecided the policy was. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "chart.h"
#include "html.h"
#include "names.h"
#include "section.h"
#include "stream/strategy.h"

/* A cell for each row of the table; the largest value in *most. */
static heat_cell *read_cells(const tsv *t, names *strategies, names *rounds, double *most)
{
    int corruption = tsv_need(t, "corruption"), severity = tsv_need(t, "severity");
    int number = tsv_need(t, "round"), share = tsv_need(t, "share");
    heat_cell *cell = ir_calloc(t->rows, sizeof *cell);
    for (size_t row = 0; row < t->rows; row++) {
        char *name = ir_format("%s %s", tsv_text(t, row, corruption), tsv_text(t, row, severity));

        cell[row].row = names_index(strategies, name);
        cell[row].column = names_index(rounds, tsv_text(t, row, number));
        cell[row].value = 100 * tsv_real(t, row, share);
        *most = isfinite(cell[row].value) ? fmax(*most, cell[row].value) : *most;
        free(name);
    }
    return cell;
}

static void heat(FILE *file, const run *r)
{
    names strategies = {0}, rounds = {0};
    double most = 0;
    heat_cell *cell = read_cells(r->policy, &strategies, &rounds, &most);
    html(file, "<figure><figcaption>%s: strategies played</figcaption>\n", r->name);
    chart_heat(file, &(heat_map){.title = "share of each strategy in each round",
                                 .unit = "% of the round's frames",
                                 .rows = strategies.n,
                                 .columns = rounds.n,
                                 .row = (const char *const *)strategies.shown,
                                 .column = (const char *const *)rounds.shown,
                                 .columns_are = "round",
                                 .cell = cell,
                                 .cells = r->policy->rows,
                                 .high = most,
                                 .decimals = -1,
                                 .bands = strategies.n % IR_LEVELS == 0 ? IR_LEVELS : 0});
    fputs("</figure>\n", file);
    names_free(&strategies);
    names_free(&rounds);
    free(cell);
}

/* Runs' entropies in one chart, beside that of pure chance. */
static void entropy(FILE *file, const run *r, int n)
{
    const double uniform = log(IR_STRATEGIES);
    double last = 1;
    axes a = {"entropy of the policy", "round", "entropy, nats", {.high = 1}, {.high = 4}};
    plot p;
    const char **name = ir_calloc((size_t)n, sizeof *name);
    for (int i = 0; i < n; i++)
        if (r[i].policy && r[i].log)
            last = fmax(last, tsv_real(r[i].log, r[i].log->rows - 1, tsv_need(r[i].log, "round")));
    a.x = scale_around((double[]){0, last}, 2, true);
    a.x.whole = true;
    fputs("<figure><figcaption>Entropy of the policy</figcaption>\n", file);
    p = plot_begin(file, &a);
    char *label = ir_format("pure chance, ln %d", IR_STRATEGIES);
    plot_level(&p, uniform, label);
    free(label);
    for (int i = 0; i < n; i++) {
        const tsv *t = r[i].log;
        double *x, *y;

        if (!r[i].policy || !t)
            continue;
        name[i] = r[i].name;
        x = tsv_reals(t, "round", 1);
        y = tsv_reals(t, "entropy", 1);
        plot_line(&p, i, false, x, y, t->rows);
        free(x);
        free(y);
    }
    plot_end(&p);
    chart_legend(file, name, n);
    fputs("</figure>\n", file);
    free(name);
}

void section_policy(FILE *file, const run *r, int n)
{
    int there = 0;
    fputs("<section id=\"policy\"><h2>The adversary's policy</h2>\n", file);
    for (int i = 0; i < n; i++)
        if (r[i].policy)
            there++;
    if (there > 0) {
        fputs("<p>How often each strategy was played in a round, and the mean of &minus;ln p over "
              "the strategies played, which estimates the policy's entropy for a frame.</p>\n"
              "<div class=\"figures\">\n",
              file);
        for (int i = 0; i < n; i++)
            if (r[i].policy)
                heat(file, &r[i]);
        entropy(file, r, n);
        fputs("</div>\n", file);
    }
    for (int i = 0; i < n; i++) {
        if (r[i].policy)
            continue;
        if (strcmp(run_knob(&r[i], "STRATEGY"), "none") == 0)
            html(file,
                 "<p class=\"missing\">%s was trained without an adversary. "
                 "<code>STRATEGY=hrl</code> plays one.</p>\n",
                 r[i].name);
        else
            section_missing(file, &r[i], "policy", "report");
    }
    fputs("</section>\n", file);
}
