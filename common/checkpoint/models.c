/* Models by name: where they lie, which there are, what each says of itself. */
#include "checkpoint/models.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/printable.h"

static const char ending[] = ".tar",
                  remedy[] = "give a checkpoint by -c, or make models by models.mk";

typedef struct {
    char *directory;
    struct dirent **file; /* sorted by name */
    int files, error;     /* error: why the directory cannot be read, or 0 */
} box;

static char *find_directory(void)
{
    const char *set = getenv("IRTOOLS_MODELS");
    char *own, *directory;
    if (set && *set)
        return ir_strdup(set);
    own = ir_own_directory();
    directory = ir_format("%s/share/irtools/models", own ? dirname(own) : "..");
    free(own);
    return directory;
}

/* Of a bare name: the length characters at text are one. */
static bool is_name(const char *text, size_t length)
{
    if (length == 0 || !isalnum((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

static size_t name_length(const struct dirent *file)
{
    return strlen(file->d_name) - strlen(ending);
}

static int is_model(const struct dirent *file)
{
    const size_t length = strlen(file->d_name), n = strlen(ending);
    return length > n && strcmp(file->d_name + length - n, ending) == 0 &&
           is_name(file->d_name, length - n);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static box box_open(void)
{
    box b = {.directory = find_directory()};
    b.files = scandir(b.directory, &b.file, is_model, by_bytes);
    if (b.files < 0) {
        b.error = errno;
        b.files = 0;
    }
    return b;
}

static void box_close(box *b)
{
    for (int i = 0; i < b->files; i++)
        free(b->file[i]);
    free(b->file);
    free(b->directory);
}

static bool box_has(const box *b, const char *name)
{
    for (int i = 0; i < b->files; i++)
        if (strlen(name) == name_length(b->file[i]) &&
            strncmp(b->file[i]->d_name, name, strlen(name)) == 0)
            return true;
    return false;
}

/* "acm, rdian", a new string. */
static char *box_names(const box *b)
{
    char *names = ir_strdup("");
    for (int i = 0; i < b->files; i++) {
        char *longer = ir_format("%s%s%.*s", names, i > 0 ? ", " : "", (int)name_length(b->file[i]),
                                 b->file[i]->d_name);
        free(names);
        names = longer;
    }
    return names;
}

static void need_models(const box *b)
{
    if (b->error)
        ir_die("%s: no models come with this program: %s; %s", b->directory, strerror(b->error),
               remedy);
    if (b->files == 0)
        ir_die("%s: no models are there; %s", b->directory, remedy);
}

static ir_checkpoint *read_model(const box *b, const char *name)
{
    char *path = ir_format("%s/%s%s", b->directory, name, ending);
    ir_checkpoint *model = ir_checkpoint_read(path, "detector");
    const char *own = ir_meta_find(model, "name");
    if (!ir_checkpoint_is_sealed(model))
        ir_die("%s: no sha256 in its meta, which a model in the box must have (ir-train export)",
               path);
    if (own && strcmp(own, name) != 0)
        ir_die("%s: calls itself '%s'; a model in the box is named as its file is", path, own);
    free(path);
    return model;
}

/* The name in the file `default`, a new string; NULL: there is no such file. */
static char *default_name(const box *b)
{
    char *path = ir_format("%s/default", b->directory), line[256] = "", *names;
    FILE *file = fopen(path, "r");
    if (!file && errno == ENOENT) {
        free(path);
        return NULL;
    }
    if (!file || (!fgets(line, sizeof line, file) && ferror(file)))
        ir_die_errno("%s", path);
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    names = box_names(b);
    if (!box_has(b, line))
        ir_die("%s: names '%s', which is no model there (%s)", path, line, names);
    free(names);
    free(path);
    return ir_strdup(line);
}

static ir_checkpoint *read_default(const box *b)
{
    char *name;
    ir_checkpoint *model;
    need_models(b);
    name = default_name(b);
    if (!name)
        ir_die("%s: no file 'default' says which model to take: give one by -c (%s)", b->directory,
               box_names(b));
    model = read_model(b, name);
    free(name);
    return model;
}

/* A bare name that is nobody's is more likely a model's than a file's. */
static void refuse_unknown(const box *b, const char *name)
{
    if (!is_name(name, strlen(name)) || access(name, F_OK) == 0)
        return;
    need_models(b);
    ir_die("%s: no model of that name in %s (%s), and no file", name, b->directory, box_names(b));
}

ir_checkpoint *ir_model_read(const char *name)
{
    box b = box_open();
    ir_checkpoint *model;
    if (!name) {
        model = read_default(&b);
    } else if (box_has(&b, name)) {
        model = read_model(&b, name);
    } else {
        refuse_unknown(&b, name);
        model = ir_checkpoint_read(name, "detector");
    }
    box_close(&b);
    return model;
}

static size_t count_parameters(const ir_checkpoint *model)
{
    size_t count = 0;
    for (size_t i = 0; i < ir_checkpoint_count(model); i++) {
        const ir_array *array = ir_checkpoint_at(model, i);
        if (strncmp(array->name, "param/", strlen("param/")) == 0)
            count += ir_array_size(array);
    }
    return count;
}

static void print_meta(const ir_checkpoint *model, const char *key, FILE *to)
{
    const char *value = ir_meta_find(model, key);
    char *text = ir_strdup(value ? value : "-");
    fprintf(to, "\t%s", ir_make_printable(text));
    free(text);
}

static void print_model(const ir_checkpoint *model, const char *name, bool is_default, FILE *to)
{
    fprintf(to, "%s", name);
    print_meta(model, "net", to);
    fprintf(to, "\t%zu", count_parameters(model));
    print_meta(model, "trained_on", to);
    print_meta(model, "scores", to);
    print_meta(model, "licence", to);
    fprintf(to, "\t%s\n", is_default ? "default" : "-");
}

void ir_models_list(FILE *to)
{
    box b = box_open();
    char *chosen;
    need_models(&b);
    chosen = default_name(&b);
    fprintf(to, "# name\tnetwork\tparameters\ttrained on\tscores\tlicence\tdefault\n");
    for (int i = 0; i < b.files; i++) {
        char *name = ir_strdup(b.file[i]->d_name);
        name[name_length(b.file[i])] = '\0';
        ir_checkpoint *model = read_model(&b, name);
        print_model(model, name, chosen && strcmp(chosen, name) == 0, to);
        ir_checkpoint_free(model);
        free(name);
    }
    free(chosen);
    box_close(&b);
}
