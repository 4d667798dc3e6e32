/* A checkpoint in memory: its page of text and its arrays, kept sorted by name. */
#include "checkpoint/checkpoint.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint_internal.h"

ir_checkpoint *ir_checkpoint_new(const char *kind)
{
    ir_checkpoint *checkpoint = ir_calloc(1, sizeof *checkpoint);
    checkpoint->path = ir_strdup("new checkpoint");
    ir_meta_set(checkpoint, "format", "%d", IR_CHECKPOINT_FORMAT);
    ir_meta_set(checkpoint, "kind", "%s", kind);
    ir_meta_set(checkpoint, "irtools", "%s", IR_VERSION);
    return checkpoint;
}

void ir_array_free(ir_array *array)
{
    free(array->name);
    free(array->data);
    free(array);
}

void ir_checkpoint_free(ir_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    ir_meta_free(checkpoint);
    for (size_t i = 0; i < checkpoint->arrays; i++)
        ir_array_free(checkpoint->array[i]);
    free(checkpoint->array);
    free(checkpoint->path);
    free(checkpoint);
}

size_t ir_checkpoint_count(const ir_checkpoint *checkpoint)
{
    return checkpoint->arrays;
}

ir_array *ir_checkpoint_at(const ir_checkpoint *checkpoint, size_t i)
{
    return checkpoint->array[i];
}

const char *ir_checkpoint_path(const ir_checkpoint *checkpoint)
{
    return checkpoint->path;
}

size_t ir_array_size(const ir_array *array)
{
    size_t size = 1;
    for (int i = 0; i < array->ndim; i++)
        size *= (size_t)array->dim[i];
    return size;
}

long ir_array_nonfinite(const ir_array *array)
{
    size_t size = ir_array_size(array);
    for (size_t i = 0; i < size; i++)
        if (!isfinite(array->data[i]))
            return (long)i;
    return -1;
}

/* What an array's name begins with. */
static const char *const family[] = {"param/", "state/", "adam/m/", "adam/v/", "ema/", "measured/"};
enum { FAMILIES = sizeof family / sizeof *family };

bool ir_array_directory_ok(const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0; i < FAMILIES; i++)
        if (strncmp(family[i], name, n) == 0 && family[i][n] == '/')
            return true;
    return false;
}

bool ir_array_name_ok(const char *name)
{
    const char *rest = NULL;
    for (size_t i = 0; i < FAMILIES; i++)
        if (strncmp(name, family[i], strlen(family[i])) == 0)
            rest = name + strlen(family[i]);
    if (!rest || *rest == '\0' || strlen(name) > IR_MAX_MEMBER_NAME)
        return false;
    for (; *rest != '\0'; rest++)
        if (!isalnum((unsigned char)*rest) && !strchr("._-", *rest))
            return false;
    return true;
}

/* The index that name has or would have in the sorted arrays. */
static size_t place(const ir_checkpoint *checkpoint, const char *name, bool *found)
{
    size_t low = 0, high = checkpoint->arrays;
    *found = false;
    while (low < high && !*found) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(checkpoint->array[middle]->name, name);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        if (order == 0) {
            *found = true;
            low = middle;
        }
    }
    return low;
}

ir_array *ir_checkpoint_find(const ir_checkpoint *checkpoint, const char *name)
{
    bool found;
    size_t i = place(checkpoint, name, &found);
    return found ? checkpoint->array[i] : NULL;
}

bool ir_checkpoint_insert(ir_checkpoint *checkpoint, ir_array *array)
{
    bool found;
    size_t i = place(checkpoint, array->name, &found);
    if (found)
        return false;
    if (checkpoint->arrays == checkpoint->array_capacity) {
        checkpoint->array_capacity = 2 * checkpoint->array_capacity + 64;
        checkpoint->array =
            ir_realloc(checkpoint->array, checkpoint->array_capacity, sizeof *checkpoint->array);
    }
    memmove(checkpoint->array + i + 1, checkpoint->array + i,
            (checkpoint->arrays - i) * sizeof *checkpoint->array);
    checkpoint->array[i] = array;
    checkpoint->arrays++;
    return true;
}

ir_array *ir_checkpoint_add(ir_checkpoint *checkpoint, const char *name, int ndim, const int *dim)
{
    ir_array *array = ir_calloc(1, sizeof *array);
    array->name = ir_strdup(name);
    array->ndim = ndim;
    for (int i = 0; i < ndim; i++)
        array->dim[i] = dim[i];
    array->data = ir_calloc(ir_array_size(array), sizeof *array->data);
    if (!ir_array_name_ok(name))
        ir_die("%s: '%s' is no name for an array", checkpoint->path, name);
    if (!ir_checkpoint_insert(checkpoint, array))
        ir_die("%s: %s is there twice", checkpoint->path, name);
    return array;
}
