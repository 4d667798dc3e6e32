/* Finding plug-ins. */
#include "base/plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"

static void *try_directory(const char *directory, const char *file, char **why)
{
    char *path = ir_format("%s/%s", directory, file);
    void *library = NULL;
    if (access(path, F_OK) == 0) {
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library && !*why)
            *why = ir_strdup(dlerror());
    }
    free(path);
    return library;
}

void *ir_plugin_open(const char *file, char **why)
{
    const char *set = getenv("IRTOOLS_PLUGINS");
    void *library = NULL;
    *why = NULL;
    if (set && *set)
        return try_directory(set, file, why);
    char *own = ir_own_directory();
    if (own) {
        char *installed = ir_format("%s/../lib/irtools", own);
        library = try_directory(own, file, why);
        if (!library)
            library = try_directory(installed, file, why);
        free(installed);
    }
    free(own);
    return library;
}
