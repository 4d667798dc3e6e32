/* The table of corruptions: which function with which parameters, and how one is applied. */
#include "corrupt.h"

#include <stdlib.h>

#include "base/base.h"
#include "stream/strategy.h"

typedef struct {
    corrupt_function *apply;
    int parameters; /* numbers per severity */
    double parameter[IR_SEVERITIES][2];
} corrupt_entry;

static const corrupt_entry table[IR_ALL_CORRUPTIONS] = {
#define IR_CORRUPTION(NAME, function, name, group, parameters, ...)                                \
    [IR_##NAME] = {corrupt_##function, parameters, __VA_ARGS__},
#include "stream/corruptions.def"
};

void corrupt_apply(ir_image *im, int corruption, int severity, uint64_t seed, uint64_t occurrence,
                   corrupt_scratch *scratch, corrupt_tables *tables)
{
    char *purpose = ir_format("corrupt %s %d", ir_corruptions[corruption].name, severity);
    corrupt_job job = {
        .severity = severity,
        .parameter = table[corruption].parameter[severity - 1],
        .rng = ir_rng_make(seed, purpose, im->name, occurrence),
        .scratch = scratch,
        .tables = tables,
    };
    free(purpose);
    table[corruption].apply(im, &job);
}

void corrupt_list(FILE *file)
{
    fprintf(file, "# corruption\tgroup\tseverity 1\t2\t3\t4\t5\n");
    for (int c = 0; c < IR_ALL_CORRUPTIONS; c++) {
        fprintf(file, "%s\t%s", ir_corruptions[c].name, ir_corruptions[c].group);
        for (int s = 0; s < IR_SEVERITIES; s++) {
            const double *parameter = table[c].parameter[s];
            fprintf(file, "\t%g", parameter[0]);
            if (table[c].parameters == 2)
                fprintf(file, ",%g", parameter[1]);
        }
        putc('\n', file);
    }
}

float *corrupt_buffer(corrupt_scratch *scratch, size_t count)
{
    if (count > scratch->capacity) {
        free(scratch->memory);
        scratch->memory = ir_aligned(count * sizeof *scratch->memory);
        scratch->capacity = count;
    }
    return scratch->memory;
}

void corrupt_scratch_free(corrupt_scratch *scratch)
{
    free(scratch->memory);
    *scratch = (corrupt_scratch){0};
}
