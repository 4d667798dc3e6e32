/* Reading a run's directory; see run.h. */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "received.h"

static void warn_torn(const text_lines *t)
{
    if (t->torn > 0)
        ir_warn("%s:%ld: the last line has no newline: it was cut short and is left out", t->path,
                t->torn);
}

/* NULL also for a table without a row: the run has only begun. */
static tsv *part(const run *r, const char *name)
{
    FILE *file = received_open_within(r->path, name);
    char *path;
    tsv *t;
    if (!file)
        return NULL;
    path = ir_format("%s/%s", r->path, name);
    t = tsv_parse(file, path);
    fclose(file);
    free(path);
    warn_torn(&t->lines);
    if (t->rows > 0)
        return t;
    tsv_free(t);
    return NULL;
}

static void add_knob(knobs *k, char *line)
{
    char *key = strsep(&line, " ");
    int n = k->key.n;
    if (!line || *line == '\0' || names_index(&k->key, key) < n)
        return;
    if ((size_t)n == k->capacity) {
        k->capacity = k->capacity ? 2 * k->capacity : 32;
        k->value = ir_realloc(k->value, k->capacity, sizeof *k->value);
    }
    k->value[n] = line;
}

knobs knobs_parse(FILE *file, const char *path)
{
    knobs k = {.lines = text_read(file, path)};
    char *line;
    while ((line = text_next(&k.lines)))
        add_knob(&k, line);
    return k;
}

void knobs_free(knobs *k)
{
    names_free(&k->key);
    free(k->value);
    text_free(&k->lines);
}

/* False without the file. */
static bool read_knobs(run *r)
{
    FILE *file = received_open_within(r->path, "knobs");
    char *path;
    if (!file)
        return false;
    path = ir_format("%s/knobs", r->path);
    r->knobs = knobs_parse(file, path);
    fclose(file);
    warn_torn(&r->knobs.lines);
    free(path);
    return true;
}

/* How rows are found; a part that is not there has none. */
static void index_rows(run *r)
{
    if (r->about)
        r->about_rows = row_index_new(r->about, (int[]){0}, 1);
    if (r->robustness)
        r->robustness_rows = row_index_new(r->robustness,
                                           (int[]){tsv_find(r->robustness, "dataset"),
                                                   tsv_need(r->robustness, "corruption"),
                                                   tsv_need(r->robustness, "severity")},
                                           3);
    if (r->clean)
        r->clean_rows = row_index_new(r->clean, (int[]){tsv_need(r->clean, "score")}, 1);
    if (r->corrupted)
        r->corrupted_rows =
            row_index_new(r->corrupted, (int[]){tsv_need(r->corrupted, "score")}, 1);
    if (r->images)
        r->image_rows =
            row_index_new(r->images,
                          (int[]){tsv_need(r->images, "name"), tsv_need(r->images, "corruption"),
                                  tsv_need(r->images, "severity")},
                          3);
}

static void read_directory(run *r)
{
    bool knobs = read_knobs(r);
    r->about = part(r, "0000/about.tsv");
    r->log = part(r, "log.tsv");
    r->policy = part(r, "policy.tsv");
    r->robustness = part(r, "robustness.tsv");
    r->clean = part(r, "scored/clean.tsv");
    r->corrupted = part(r, "scored/corrupted.tsv");
    r->roc = part(r, "scored/roc.tsv");
    r->pr = part(r, "scored/pr.tsv");
    r->images = part(r, "scored/images.tsv");
    if (!knobs && !r->robustness && !r->clean)
        ir_die("%s: no run of hrl.mk: none of knobs, robustness.tsv and scored/ is in it", r->path);
}

static run read_one(const char *path)
{
    run r = {.path = ir_strdup(path)};
    size_t length = strlen(path);
    struct stat status;
    while (length > 1 && r.path[length - 1] == '/')
        r.path[--length] = '\0';
    if (stat(path, &status) != 0)
        ir_die_errno("%s", path);
    r.table = !S_ISDIR(status.st_mode);
    if (r.table)
        r.robustness = tsv_read(path);
    else
        read_directory(&r);
    index_rows(&r);
    return r;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] != '\0' ? slash + 1 : path;
}

static bool is_lone(const run *r, int n, int i)
{
    for (int k = 0; k < n; k++)
        if (k != i && strcmp(last_part(r[k].path), last_part(r[i].path)) == 0)
            return false;
    return true;
}

run *runs_read(char *const *path, int n)
{
    run *r = ir_calloc((size_t)n, sizeof *r);
    for (int i = 0; i < n; i++)
        r[i] = read_one(path[i]);
    for (int i = 0; i < n; i++)
        r[i].name = ir_strdup(is_lone(r, n, i) ? last_part(r[i].path) : r[i].path);
    return r;
}

static void free_one(run *r)
{
    tsv *parts[] = {r->about,     r->log, r->policy, r->robustness, r->clean,
                    r->corrupted, r->roc, r->pr,     r->images};
    row_index *rows[] = {&r->about_rows, &r->robustness_rows, &r->clean_rows, &r->corrupted_rows,
                         &r->image_rows};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        tsv_free(parts[i]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        row_index_free(rows[i]);
    knobs_free(&r->knobs);
    free(r->name);
    free(r->path);
}

void runs_free(run *r, int n)
{
    for (int i = 0; i < n; i++)
        free_one(&r[i]);
    free(r);
}

const char *run_knob(const run *r, const char *key)
{
    int found = names_find(&r->knobs.key, key);
    return found >= 0 ? r->knobs.value[found] : "";
}

const char *run_about(const run *r, const char *key)
{
    long row = row_index_find(&r->about_rows, &key, 1);
    return row >= 0 && r->about->columns >= 2 ? tsv_text(r->about, (size_t)row, 1) : "";
}
