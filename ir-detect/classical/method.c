/* The classical detectors there are. */
#include "method.h"

#include <stdlib.h>

#include "base/base.h"

/* Top-hat's k, and its default radius, have the best IoU on the 213 training frames of NUAA-SIRST
 * among radii 2 to 12 and k 3 to 20. */
const method methods[METHODS] = {
    {"top-hat", top_hat_saliency, 10.0},
};

void *scratch_room(scratch *s, size_t count, size_t size)
{
    if (s->bytes / size < count) {
        free(s->memory);
        s->memory = ir_realloc(NULL, count, size);
        s->bytes = count * size;
    }
    return s->memory;
}

void scratch_free(scratch *s)
{
    free(s->memory);
    *s = (scratch){0};
}
