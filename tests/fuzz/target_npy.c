/* One .npy file. What was read is written and read once more: the same numbers in the same shape.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint_internal.h"
#include "contain.h"

typedef struct {
    const char *bytes;
    size_t size;
} input;

static void write_and_read(const ir_array *array)
{
    size_t length;
    char *whole = ir_npy_bytes(array, &length);
    ir_array again = {0};
    const char *wrong = ir_npy_parse(whole, length, &again);
    if (wrong)
        fault("what was written is refused: %s", wrong);
    if (again.ndim != array->ndim ||
        memcmp(again.dim, array->dim, (size_t)array->ndim * sizeof *array->dim) != 0 ||
        again.half != array->half ||
        memcmp(again.data, array->data, ir_array_size(array) * sizeof(float)) != 0)
        fault("another array was read than was written");
    free(again.data);
    free(whole);
}

static void run(void *context)
{
    const input *in = context;
    ir_array *array = ir_calloc(1, sizeof *array);
    const char *wrong;
    array->name = ir_strdup("param/x");
    wrong = ir_npy_parse(in->bytes, in->size, array);
    if (!wrong) {
        write_and_read(array);
        ir_array_nonfinite(array);
    }
    ir_array_free(array);
    if (wrong)
        ir_die("in: %s", wrong);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {(const char *)data, size};
    contain(run, &in);
    return 0;
}
