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
    if (paths->count == paths->room) {
        paths->room = paths->room ? 2 * paths->room : 64;
        paths->item = ir_realloc(paths->item, paths->room, sizeof *paths->item);
    }
    paths->item[paths->count++] = (ir_path){path, name, list};
}

/* Hidden files are left out, as for the shell's *.pgm. */
static int is_netpbm_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && ir_format_named_netpbm(entry->d_name);
}

static int is_png_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && ir_format_named_png(entry->d_name);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Frames of a format that is not read are the likely reason: the first such file is named. */
_Noreturn static void die_without_images(const char *directory)
{
    const ir_format_info *format = NULL;
    struct dirent **entry;
    int n = scandir(directory, &entry, NULL, by_bytes), i = 0;
    char *path = NULL;

    for (; i < n && !format; i++) {
        free(path);
        path = ir_format("%s/%s", directory, entry[i]->d_name);
        format = ir_format_of_file(path);
    }
    if (format)
        ir_die("%s: no *.pbm, *.pgm, *.ppm, *.pnm, *.pam or *.png in this directory; %s is %s (%s)",
               directory, entry[i - 1]->d_name, format->name, format->remedy);
    ir_die("%s: no *.pbm, *.pgm, *.ppm, *.pnm, *.pam or *.png in this directory", directory);
}

static void add_directory(ir_paths *paths, const char *directory)
{
    struct dirent **entry;
    int n = scandir(directory, &entry, is_netpbm_file, by_bytes);
    if (n == 0) { /* PNG only where there is nothing else: both may hold the same images */
        free(entry);
        n = scandir(directory, &entry, is_png_file, by_bytes);
    }
    if (n < 0)
        ir_die_errno("%s", directory);
    if (n == 0)
        die_without_images(directory);
    const char *slash = directory[strlen(directory) - 1] == '/' ? "" : "/";
    for (int i = 0; i < n; i++) {
        char *path = ir_format("%s%s%s", directory, slash, entry[i]->d_name);
        add(paths, path, item_name(path), 0);
        free(entry[i]);
    }
    free(entry);
}

static void add_file(ir_paths *paths, const char *path, const struct stat *status, size_t list)
{
    if (!S_ISREG(status->st_mode))
        paths->once = true;
    add(paths, ir_strdup(path), item_name(path), list);
}

/* A line's path. Blanks at its end belong to it where a file is called so; else somebody's editor
 * left them. */
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
    while ((line = ir_list_next(list)) != NULL)
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
