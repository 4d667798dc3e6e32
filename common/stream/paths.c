/* Operands (files, directories, lists, "-") as lists of paths and item names. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "stream/format.h"
#include "stream/list.h"
#include "stream/paths.h"

enum { MAX_NAME = 240 }; /* a record holds 255 bytes, "#2" and so on included */

/* The base name without its extension; a leading dot starts no extension. */
static char *item_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = ir_strdup(slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    if (!*name || *name == '#' || strpbrk(name, "\t\n"))
        ir_die("%s: a name that is empty, starts with # or holds a tab or a newline "
               "cannot stand in a record",
               path);
    if (strlen(name) > MAX_NAME)
        ir_die("%s: the name is longer than %d bytes", path, MAX_NAME);
    return name;
}

static void add(ir_paths *paths, char *path, char *name, size_t list)
{
    if (paths->count == paths->capacity) {
        paths->capacity = paths->capacity ? 2 * paths->capacity : 64;
        paths->item = ir_realloc(paths->item, paths->capacity, sizeof *paths->item);
    }
    paths->item[paths->count++] = (ir_path){path, name, list};
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Hidden files are left out, as for the shell's *, and what editors keep of an older version. */
static int is_listed(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return name[0] != '.' && name[strlen(name) - 1] != '~';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of a directory and their kinds. */
typedef struct {
    const char *directory;
    struct dirent **entry;
    bool *taken; /* it is an image */
    int count;
} listing;

static char *path_in(const char *directory, const char *name)
{
    const char *slash = directory[strlen(directory) - 1] == '/' ? "" : "/";
    return ir_format("%s%s%s", directory, slash, name);
}

/* A file that is called an image is one, and an error where it is none; others are looked into. */
static bool is_image(const char *path)
{
    const ir_format_info *format;
    if (ir_format_named_image(path))
        return true;
    format = ir_format_of_file(path);
    return format && format->reader != IR_NOT_READ;
}

/* The bytes of a file's name before its extension. */
static int stem_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (int)(dot - name) : (int)strlen(name);
}

/* Whether there is a Netpbm file of the same name, of which this file counts as a copy. The names
 * are sorted, so that file is near. */
static bool is_copy(const listing *l, int i)
{
    const char *name = l->entry[i]->d_name;
    const int stem = stem_of(name);
    if (ir_format_named_netpbm(name))
        return false;
    for (int step = -1; step <= 1; step += 2) {
        for (int k = i + step; k >= 0 && k < l->count; k += step) {
            const char *other = l->entry[k]->d_name;
            if (strncmp(other, name, (size_t)stem) != 0)
                break;
            if (stem_of(other) == stem && ir_format_named_netpbm(other))
                return true;
        }
    }
    return false;
}

/* Leaves out files that are no images, with a warning unless there is nothing else. */
static void say_left_out(const listing *l, int images, int others, const char *first)
{
    const ir_format_info *format;
    char *path, *remedy;
    if (others > 0 && images > 0)
        ir_warn("%s: %d of %d files %s no image and left out (the first: %s)", l->directory, others,
                images + others, others == 1 ? "is" : "are", first);
    if (images > 0)
        return;
    if (others == 0)
        ir_die("%s: no image in this directory", l->directory);
    path = path_in(l->directory, first);
    format = ir_format_of_file(path);
    remedy = format ? ir_format_remedy(format) : NULL;
    if (format)
        ir_die("%s: no image in this directory; %s is %s (%s)", l->directory, first, format->name,
               remedy);
    ir_die("%s: no image in this directory; of its %d files %s is the first", l->directory, others,
           first);
}

/* Finds out which files are images. */
static void look_through(listing *l)
{
    int images = 0, others = 0;
    const char *first = NULL;
    struct stat status;
    for (int i = 0; i < l->count; i++) {
        char *path = path_in(l->directory, l->entry[i]->d_name);
        l->taken[i] = is_image(path);
        if (l->taken[i]) {
            images++;
        } else if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && others++ == 0) {
            first = l->entry[i]->d_name;
        }
        free(path);
    }
    say_left_out(l, images, others, first);
}

static void add_directory(ir_paths *paths, const char *directory)
{
    listing l = {.directory = directory};
    l.count = scandir(directory, &l.entry, is_listed, by_bytes);
    if (l.count < 0)
        ir_die_errno("%s", directory);
    l.taken = ir_calloc((size_t)l.count + 1, sizeof *l.taken);
    look_through(&l);
    for (int i = 0; i < l.count; i++) {
        if (l.taken[i] && !is_copy(&l, i)) {
            char *path = path_in(directory, l.entry[i]->d_name);
            add(paths, path, item_name(path), 0);
        }
    }
    for (int i = 0; i < l.count; i++)
        free(l.entry[i]);
    free(l.entry);
    free(l.taken);
}

/* ---- files and lists ------------------------------------------------------------------------- */

static void add_file(ir_paths *paths, const char *path, const struct stat *status, size_t list)
{
    if (!S_ISREG(status->st_mode))
        paths->once = true;
    add(paths, ir_strdup(path), item_name(path), list);
}

/* A line's path. Blanks at its end belong to it if there is such a file; otherwise an editor left
 * them. */
static char *path_of(const char *line, struct stat *status, bool *there)
{
    char *path = ir_strdup(line);
    size_t n = strlen(path);
    *there = stat(path, status) == 0;
    while (!*there && n > 0 && strchr(" \t\r\v\f", path[n - 1]))
        path[--n] = '\0';
    if (!*there)
        *there = stat(path, status) == 0;
    return path;
}

static void add_line(ir_paths *paths, const ir_list *list, const char *line)
{
    const char *where = ir_list_where(list);
    struct stat status;
    bool there;
    char *path = path_of(line, &status, &there);
    if (*path == '\0') { /* nothing but blanks */
        free(path);
        return;
    }
    if (strcmp(path, "-") == 0)
        ir_die("%s: '-' (standard input) cannot stand in a list", where);
    if (!there)
        ir_die_errno("%s: %s", where, path);
    if (S_ISDIR(status.st_mode))
        ir_die("%s: %s: a directory cannot stand in a list", where, path);
    add_file(paths, path, &status, paths->lists);
    free(path);
}

static void add_list(ir_paths *paths, const char *path)
{
    ir_list *list = ir_list_open(path);
    const size_t before = paths->count;
    const char *line;
    paths->lists++;
    while ((line = ir_list_next(list)))
        add_line(paths, list, line);
    if (paths->count == before)
        ir_die("%s: no path in this list", ir_list_label(list));
    ir_list_close(list);
}

enum ir_operand_kind ir_paths_add(ir_paths *paths, const char *operand)
{
    struct stat status;
    if (operand[0] == '@') {
        add_list(paths, operand + 1);
        return IR_LIST;
    }
    if (strcmp(operand, "-") == 0) {
        paths->once = true;
        add(paths, ir_strdup("-"), ir_strdup("stdin"), 0);
        return IR_FILE;
    }
    if (stat(operand, &status) != 0)
        ir_die_errno("%s", operand);
    if (S_ISDIR(status.st_mode)) {
        add_directory(paths, operand);
        return IR_DIRECTORY;
    }
    add_file(paths, operand, &status, 0);
    return IR_FILE;
}

void ir_paths_free(ir_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        free(paths->item[i].path);
        free(paths->item[i].name);
    }
    free(paths->item);
    *paths = (ir_paths){0};
}
