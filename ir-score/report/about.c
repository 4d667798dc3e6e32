/* The runs: commands, seeds, versions, devices, and every knob. */
#include <string.h>

#include "html.h"
#include "section.h"

void section_missing(FILE *file, const run *r, const char *what, const char *target)
{
    if (r->table)
        html(file, "<p class=\"missing\">No %s of %s, which is a table alone.</p>\n", what,
             r->name);
    else
        html(file,
             "<p class=\"missing\">No %s of %s. This makes it: <code>make -f hrl.mk %s "
             "RUN=%s</code></p>\n",
             what, r->name, target, r->path);
}

typedef const char *(*teller)(const run *r, const char *key);

/* A row of the table; left out when no run has anything to say. */
static void row(FILE *file, const run *r, int n, const char *title, teller tell, const char *key)
{
    bool any = false;
    for (int i = 0; i < n; i++)
        any = any || *tell(&r[i], key) != '\0';
    if (!any)
        return;
    html(file, "<tr><th scope=\"row\">%s</th>", title);
    for (int i = 0; i < n; i++)
        html(file, "<td>%s</td>", tell(&r[i], key));
    fputs("</tr>\n", file);
}

static const char *tell_path(const run *r, const char *key)
{
    (void)key;
    return r->path;
}

static const char *tell_last(const run *r, const char *key)
{
    int column = r->log ? tsv_find(r->log, key) : -1;
    return column >= 0 ? tsv_text(r->log, r->log->rows - 1, column) : "";
}

static void head(FILE *file, const run *r, int n)
{
    fputs("<div class=\"scroll\"><table class=\"facts\">\n<tr><td></td>", file);
    for (int i = 0; i < n; i++)
        html(file, "<th scope=\"col\">%s</th>", r[i].name);
    fputs("</tr>\n", file);
}

/* All that is recorded in RUN/knobs, of any run. */
static void all_knobs(FILE *file, const run *r, int n)
{
    const run *most = NULL;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r[i].knobs.key.n; k++) {
            const char *key = r[i].knobs.key.name[k];
            bool seen = false;

            for (int j = 0; j < i; j++)
                seen = seen || *run_knob(&r[j], key) != '\0';
            if (seen)
                continue;
            if (!most) {
                most = &r[i];
                fputs("<details><summary>All knobs</summary>\n", file);
                head(file, r, n);
            }
            row(file, r, n, key, run_knob, key);
        }
    if (most)
        fputs("</table></div></details>\n", file);
}

void section_about(FILE *file, const run *r, int n)
{
    fputs("<section id=\"run\"><h2>What was run</h2>\n", file);
    head(file, r, n);
    row(file, r, n, "Directory or table", tell_path, "");
    row(file, r, n, "Strategy", run_knob, "STRATEGY");
    row(file, r, n, "Detector", run_knob, "NET");
    row(file, r, n, "Frames", run_knob, "DATA");
    row(file, r, n, "Seed", run_knob, "SEED");
    row(file, r, n, "Rounds done", tell_last, "round");
    row(file, r, n, "Epochs in a round", run_knob, "EPOCHS");
    row(file, r, n, "irtools", run_about, "version");
    row(file, r, n, "Machine", run_about, "machine");
    row(file, r, n, "Device", run_about, "device");
    row(file, r, n, "Threads", run_about, "threads");
    fputs("</table></div>\n", file);
    for (int i = 0; i < n; i++) {
        const char *command = run_about(&r[i], "command");

        if (*command != '\0')
            html(file, "<p class=\"command\">%s began with <code>%s</code></p>\n", r[i].name,
                 command);
        else if (!r[i].table)
            html(file,
                 "<p class=\"missing\">%s has no 0000/about.tsv: its version, machine and command "
                 "were not recorded when it began.</p>\n",
                 r[i].name);
    }
    all_knobs(file, r, n);
    fputs("</section>\n", file);
}
