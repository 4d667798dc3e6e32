/* The files that images will become: see output_plan.h. */
#include "stream/output_plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "stream/folder.h"
#include "stream/stream_order.h"

/* What a directory entry leads to. */
typedef struct {
    dev_t device;
    ino_t file;
} identity;

struct ir_plan {
    const ir_paths *paths;
    const char *directory;
    char **folder; /* by path */
    size_t next;   /* the path whose first image has not come yet */
    identity *there;
    size_t count; /* outputs that are there already, sorted */
};

/* An output's path below the directory, and the input's. */
typedef struct {
    char *path;
    const char *from;
} target;

static bool is_stdin(const ir_path *path)
{
    return strcmp(path->path, "-") == 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const target *)a)->path, ((const target *)b)->path);
}

static int by_identity(const void *a, const void *b)
{
    const identity *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->file > y->file) - (x->file < y->file);
}

/* The outputs of all files, sorted; *count of them. */
static target *make_targets(const ir_plan *plan, const char *extension, size_t *count)
{
    target *targets = ir_calloc(plan->paths->count + 1, sizeof *targets);
    *count = 0;
    for (size_t i = 0; i < plan->paths->count; i++) {
        const ir_path *path = &plan->paths->item[i];
        const char *folder = plan->folder[i];
        if (is_stdin(path)) /* its names are numbers that no file has */
            continue;
        targets[*count] = (target){
            ir_format("%s%s%s.%s", folder, *folder ? "/" : "", path->name, extension), path->path};
        (*count)++;
    }
    qsort(targets, *count, sizeof *targets, by_path);
    return targets;
}

static void check_distinct(const ir_plan *plan, const target *targets, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const target *a = &targets[i - 1], *b = &targets[i];
        if (strcmp(a->path, b->path) != 0)
            continue;
        if (strcmp(a->from, b->from) == 0)
            ir_die("%s: twice among the images, and both would become %s/%s", a->from,
                   plan->directory, a->path);
        ir_die("%s and %s would both become %s/%s (--root DIR keeps the directories below DIR)",
               a->from, b->from, plan->directory, a->path);
    }
}

/* Which of the outputs exist. A link counts itself, since an output replaces the link and not its
 * target. */
static void find_existing(ir_plan *plan, const target *targets, size_t count)
{
    struct stat status;
    if (stat(plan->directory, &status) != 0)
        return;
    plan->there = ir_calloc(count + 1, sizeof *plan->there);
    for (size_t i = 0; i < count; i++) {
        char *path = ir_format("%s/%s", plan->directory, targets[i].path);
        if (lstat(path, &status) == 0)
            plan->there[plan->count++] = (identity){status.st_dev, status.st_ino};
        free(path);
    }
    qsort(plan->there, plan->count, sizeof *plan->there, by_identity);
}

ir_plan *ir_plan_new(const ir_stream *names, const char *directory, const char *root,
                     const char *extension)
{
    ir_plan *plan = ir_calloc(1, sizeof *plan);
    size_t count;
    plan->paths = ir_stream_paths(names);
    plan->directory = directory;
    plan->folder = ir_folders(plan->paths, root);
    target *targets = make_targets(plan, extension, &count);
    check_distinct(plan, targets, count);
    find_existing(plan, targets, count);
    for (size_t i = 0; i < count; i++)
        free(targets[i].path);
    free(targets);
    return plan;
}

void ir_plan_free(ir_plan *plan)
{
    if (!plan)
        return;
    ir_folders_free(plan->folder, plan->paths);
    free(plan->there);
    free(plan);
}

static bool is_there(const ir_plan *plan, const struct stat *status)
{
    const identity wanted = {status->st_dev, status->st_ino};
    return bsearch(&wanted, plan->there, plan->count, sizeof wanted, by_identity) != NULL;
}

void ir_plan_spare(const ir_plan *plan, const ir_stream *stream)
{
    const ir_paths *paths = ir_stream_paths(stream);
    struct stat status;
    for (size_t i = 0; plan->count > 0 && i < paths->count; i++) {
        const char *path = paths->item[i].path;
        if (is_stdin(&paths->item[i]))
            continue;
        if ((lstat(path, &status) == 0 && is_there(plan, &status)) ||
            (stat(path, &status) == 0 && is_there(plan, &status)))
            ir_die("%s: an input that output to %s would overwrite", path, plan->directory);
    }
}

/* Whether an image of this name may come from the path: NAME, or NAME#2 and so on. */
static bool is_of(const ir_path *path, const char *name, bool first)
{
    const size_t n = strlen(path->name);
    if (first && !is_stdin(path))
        return strcmp(path->name, name) == 0;
    return strncmp(path->name, name, n) == 0 && name[n] == '#';
}

const char *ir_plan_folder(ir_plan *plan, const char *name)
{
    const size_t count = plan->paths->count;
    if (plan->next < count && is_of(&plan->paths->item[plan->next], name, true))
        plan->next++;
    else if (plan->next == 0 || !is_of(&plan->paths->item[plan->next - 1], name, false))
        return "";
    return plan->folder[plan->next - 1];
}
