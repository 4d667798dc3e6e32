/* A list that is searched from its start: there are few. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int names_index(names *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->name[i], name) == 0)
            return i;
    s->name = ir_realloc(s->name, (size_t)s->n + 1, sizeof *s->name);
    s->name[s->n] = ir_strdup(name);
    return s->n++;
}

void names_free(names *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->name[i]);
    free(s->name);
}
