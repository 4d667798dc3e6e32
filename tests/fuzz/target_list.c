/* Lists of paths, as in the operand @list. Every path is there but those that begin with "no". */
#include <stdio.h>
#include <string.h>

#include "contain.h"
#include "files.h"
#include "stream/paths.h"

static void run(void *context)
{
    ir_paths paths = {0};
    (void)context;
    ir_paths_add(&paths, "@list");
    for (size_t i = 0; i < paths.count; i++) {
        const char *name = paths.item[i].name;

        if (*name == '\0' || strpbrk(name, "\t\n/"))
            fault("a name that no record could hold: '%s'", name);
    }
    ir_paths_free(&paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const there[] = {"a.pgm", "b", "dir/a.pgm", "a b.png", ".hidden", "x.y.ppm"};
    files_clear();
    files_add("list", data, size);
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        files_add(there[i], "", 0);
    contain(run, NULL);
    return 0;
}
