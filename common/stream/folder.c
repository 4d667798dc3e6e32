/* Sub-directories of outputs: see folder.h. */
#include "stream/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

/* The path from "/" on, without empty components, "." and "..": "/a/b", or "" for the root. */
static char *absolute(const char *path, const char *here)
{
    char *all = path[0] == '/' ? ir_strdup(path) : ir_format("%s/%s", here, path);
    char *out = ir_malloc(strlen(all) + 2), *rest = all, *word;
    size_t used = 0;
    while ((word = strsep(&rest, "/"))) {
        if (*word == '\0' || strcmp(word, ".") == 0)
            continue;
        if (strcmp(word, "..") == 0) {
            while (used > 0 && out[--used] != '/')
                continue;
            continue;
        }
        out[used++] = '/';
        memcpy(out + used, word, strlen(word));
        used += strlen(word);
    }
    out[used] = '\0';
    free(all);
    return out;
}

/* Cuts the file's name off: "/a/b.pgm" becomes "/a". */
static void cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
}

/* Whether directory lies in root or is it; both as absolute() has them. */
static bool is_below(const char *directory, const char *root)
{
    const size_t n = strlen(root);
    return strncmp(directory, root, n) == 0 && (directory[n] == '/' || directory[n] == '\0');
}

/* Shortens root until directory lies below it. */
static void widen(char *root, const char *directory)
{
    while (!is_below(directory, root))
        cut_name(root);
}

/* The last path, from first on, of the same list, plus one. */
static size_t list_end(const ir_paths *paths, size_t first)
{
    size_t end = first + 1;
    while (end < paths->count && paths->item[first].list > 0 &&
           paths->item[end].list == paths->item[first].list)
        end++;
    return end;
}

/* The directories' common one; by letters. */
static char *common_root(char *const *directory, size_t first, size_t end)
{
    char *root = ir_strdup(directory[first]);
    for (size_t i = first + 1; i < end; i++)
        widen(root, directory[i]);
    return root;
}

/* Leaves of directory what lies below root. */
static void make_relative(char *directory, const char *root)
{
    const char *rest = directory + strlen(root);
    if (*rest == '/')
        rest++;
    memmove(directory, rest, strlen(rest) + 1);
}

char **ir_folders(const ir_paths *paths, const char *root)
{
    char *here = getcwd(NULL, 0), **folder = ir_calloc(paths->count + 1, sizeof *folder);
    const char *cwd = here ? here : "/";
    char *given = root ? absolute(root, cwd) : NULL;
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->item[i].path;
        if (strcmp(path, "-") == 0) {
            folder[i] = ir_strdup(given ? given : "");
            continue;
        }
        folder[i] = absolute(path, cwd);
        cut_name(folder[i]);
        if (given && !is_below(folder[i], given))
            ir_die("%s: not below %s, which --root gives", path, root);
    }
    for (size_t first = 0, end; first < paths->count; first = end) {
        end = list_end(paths, first);
        char *top = given ? ir_strdup(given) : common_root(folder, first, end);
        for (size_t i = first; i < end; i++)
            make_relative(folder[i], top);
        free(top);
    }
    free(given);
    free(here);
    return folder;
}

void ir_folders_free(char **folder, const ir_paths *paths)
{
    for (size_t i = 0; folder && i < paths->count; i++)
        free(folder[i]);
    free(folder);
}
