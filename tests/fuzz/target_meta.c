/* The page of text in front of a checkpoint. What was read is printed and read once more: the same
 * text comes out. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint_internal.h"
#include "contain.h"

typedef struct {
    const char *bytes;
    size_t size;
} input;

static ir_checkpoint *parse(const char *bytes, size_t size)
{
    ir_checkpoint *checkpoint = ir_calloc(1, sizeof *checkpoint);
    char *text = ir_malloc(size + 1);
    memcpy(text, bytes, size);
    text[size] = '\0';
    checkpoint->path = ir_strdup("in");
    ir_meta_parse(checkpoint, text, size);
    free(text);
    return checkpoint;
}

static void run(void *context)
{
    const input *in = context;
    ir_checkpoint *first = parse(in->bytes, in->size), *second;
    char *printed = ir_meta_print(first), *again;
    second = parse(printed, strlen(printed));
    again = ir_meta_print(second);
    if (strcmp(printed, again) != 0)
        fault("printed otherwise the second time");
    ir_checkpoint_free(second);
    if (ir_meta_find(first, "lr"))
        ir_meta_real(first, "lr", 0, 1e9);
    if (ir_meta_find(first, "step"))
        ir_meta_number(first, "step", 0, 1000000);
    ir_checkpoint_free(first);
    free(printed);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {(const char *)data, size};
    contain(run, &in);
    return 0;
}
