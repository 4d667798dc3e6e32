/* A checkpoint of kind "detector": a tar of meta and .npy files. */
#include <archive.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "contain.h"
#include "files.h"

/* libarchive's memory is not that of contained code: the archive that it read is ended here. */
static struct archive *archive;

struct archive *__real_archive_read_new(void);
struct archive *__wrap_archive_read_new(void)
{
    return archive = __real_archive_read_new();
}

int __real_archive_read_free(struct archive *a);
int __wrap_archive_read_free(struct archive *a)
{
    archive = NULL;
    return __real_archive_read_free(a);
}

static void run(void *context)
{
    ir_checkpoint *checkpoint = ir_checkpoint_read("in", "detector");
    (void)context;
    for (size_t i = 0; i < ir_checkpoint_count(checkpoint); i++) {
        const ir_array *array = ir_checkpoint_at(checkpoint, i);
        size_t size = ir_array_size(array);

        for (size_t k = 0; k < size; k++)
            if (!isfinite(array->data[k]))
                fault("%s: element %zu is not finite", array->name, k);
        if (i > 0 && strcmp(ir_checkpoint_at(checkpoint, i - 1)->name, array->name) >= 0)
            fault("%s is out of order", array->name);
    }
    ir_checkpoint_free(checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    files_clear();
    files_add("in", data, size);
    if (!contain(run, NULL) && archive)
        __wrap_archive_read_free(archive);
    return 0;
}
