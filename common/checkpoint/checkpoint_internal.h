/* What the files of common/checkpoint share: the inside of a checkpoint, arrays as .npy bytes. */
#ifndef IR_CHECKPOINT_INTERNAL_H
#define IR_CHECKPOINT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "checkpoint/checkpoint.h"

enum {
    IR_CHECKPOINT_FORMAT = 1,
    IR_MAX_MEMBERS = 8192,
    IR_MAX_META_BYTES = 64 * 1024,
    IR_MAX_MEMBER_NAME = 240,
    IR_MAX_ELEMENTS = 1 << 28
};

typedef struct {
    char *key, *value;
} ir_meta_line;

struct ir_checkpoint {
    char *path; /* for messages */
    ir_meta_line *meta;
    size_t metas, meta_capacity;
    ir_array **array; /* sorted by name */
    size_t arrays, array_capacity;
};

/* ---- meta.c ---- */

/* Dies unless text (length bytes, terminated) is lines of "key value", each key once. */
void ir_meta_parse(ir_checkpoint *checkpoint, char *text, size_t length);
/* The member's text, a new string. */
char *ir_meta_print(const ir_checkpoint *checkpoint);
void ir_meta_free(ir_checkpoint *checkpoint);

/* ---- seal.c ---- */

/* Dies if there is a checksum and it is another than that of the content. */
void ir_checkpoint_check_seal(const ir_checkpoint *checkpoint);

/* ---- checkpoint.c ---- */

/* True for param/X, state/X, adam/m/X, adam/v/X, ema/X and measured/X, X made of letters, digits
 * and
 * "._-". */
bool ir_array_name_ok(const char *name);
/* True for the directories that these lie in. */
bool ir_array_directory_ok(const char *name);
/* Puts array at its place; false when its name is taken. */
bool ir_checkpoint_insert(ir_checkpoint *checkpoint, ir_array *array);
void ir_array_free(ir_array *array);
/* The first element that is not finite, or -1. */
long ir_array_nonfinite(const ir_array *array);

/* ---- npy.c ---- */

/* The whole .npy file of array as numpy.save writes it, new memory; its length. */
char *ir_npy_bytes(const ir_array *array, size_t *length);
/* Fills ndim, dim, half and data from the whole .npy file in bytes. NULL, or what is wrong with it.
 */
const char *ir_npy_parse(const char *bytes, size_t length, ir_array *array);

#endif
