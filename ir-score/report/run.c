/* Reading a run's directory; see run.h. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"

static tsv *part(const run *r, const char *name)
{
    char *path = ir_format("%s/%s", r->path, name);
    tsv *t = tsv_read_if_there(path);

    free(path);
    return t;
}

static void add_knob(run *r, char *line)
{
    char *key = strsep(&line, " ");

    if (line == NULL || *line == '\0')
        return;
    r->knob = ir_realloc(r->knob, (size_t)r->knobs + 1, sizeof *r->knob);
    r->knob[r->knobs++] = (fact){ir_strdup(key), ir_strdup(line)};
}

/* Lines of a name, a blank and a value; false without the file. */
static bool read_knobs(run *r)
{
    char *path = ir_format("%s/knobs", r->path), *line = NULL;
    FILE *file = fopen(path, "r");
    size_t room = 0;

    if (file == NULL && errno != ENOENT)
        ir_die_errno("%s", path);
    while (file != NULL && getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        add_knob(r, line);
    }
    if (file != NULL && ferror(file))
        ir_die_errno("%s", path);
    if (file != NULL)
        fclose(file);
    free(line);
    free(path);
    return file != NULL;
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
    if (!knobs && r->robustness == NULL && r->clean == NULL)
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
    return r;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
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

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        tsv_free(parts[i]);
    for (int i = 0; i < r->knobs; i++) {
        free(r->knob[i].key);
        free(r->knob[i].value);
    }
    free(r->knob);
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
    for (int i = 0; i < r->knobs; i++)
        if (strcmp(r->knob[i].key, key) == 0)
            return r->knob[i].value;
    return "";
}

const char *run_about(const run *r, const char *key)
{
    for (size_t row = 0; r->about != NULL && row < r->about->rows; row++)
        if (r->about->columns >= 2 && strcmp(tsv_text(r->about, row, 0), key) == 0)
            return tsv_text(r->about, row, 1);
    return "";
}
