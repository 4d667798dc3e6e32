/* Checkpoints: a tar of NumPy arrays after a member of text. See ir-checkpoint(5).
 *
 * Members: "meta" first (lines "key value"), then, sorted, one .npy per array: param/NAME.npy,
 * state/NAME.npy, adam/m/NAME.npy, adam/v/NAME.npy, ema/NAME.npy, measured/NAME.npy. All arrays are
 * little-endian float32 or float16 in C order. This file knows tar and npy; params/params.h
 * knows which arrays a network needs. */
#ifndef IR_CHECKPOINT_H
#define IR_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ir_comm ir_comm; /* comm/comm.h */

enum { IR_MAX_DIMS = 4 };

typedef struct {
    char *name; /* member name without .npy: "param/stem.1.weight" */
    int ndim;
    int dim[IR_MAX_DIMS];
    float *data; /* C order */
    bool half;   /* float16 in the file */
} ir_array;

typedef struct ir_checkpoint ir_checkpoint;

ir_checkpoint *ir_checkpoint_new(const char *kind); /* "detector" or "policy" */
void ir_checkpoint_free(ir_checkpoint *checkpoint);

/* Reads a checkpoint ("-": stdin) without extracting to disk. Sizes are bounded before anything is
 * allocated. Dies, naming file and member, on: no tar, a truncated one, meta not first, an unknown
 * format version, another kind, a member with a bad or repeated name, a wrong dtype, Fortran order,
 * a non-finite value, a checksum in meta that does not match. Skips members
 * .../num_batches_tracked.npy of any type. */
ir_checkpoint *ir_checkpoint_read(const char *path, const char *kind);

/* Writes to path, completely or not at all; NULL: to stdout. The same content gives the same bytes.
 * Dies, naming the array, when a number is not finite or, for a half array, overflows. */
void ir_checkpoint_write(const ir_checkpoint *checkpoint, const char *path);

/* Rank 0's checkpoint `own` to all processes of a group; returns it, and on the others, which give
 * NULL, a new one of the same content. */
ir_checkpoint *ir_checkpoint_broadcast(ir_checkpoint *own, ir_comm *comm);

/* meta; a missing or malformed value dies naming file and key. */
const char *ir_meta_find(const ir_checkpoint *checkpoint, const char *key); /* or NULL */
const char *ir_meta_text(const ir_checkpoint *checkpoint, const char *key);
double ir_meta_real(const ir_checkpoint *checkpoint, const char *key, double min, double max);
long ir_meta_number(const ir_checkpoint *checkpoint, const char *key, long min, long max);
/* A count of steps or images, at least min, and small enough that adding to it cannot overflow. */
long ir_meta_count(const ir_checkpoint *checkpoint, const char *key, long min);
void ir_meta_set(ir_checkpoint *checkpoint, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The keys of meta that describe a published model, ending with NULL. */
extern const char *const ir_description[];
/* Adds them from a text file of such lines; dies, naming file and line, at any other line. */
void ir_meta_describe(ir_checkpoint *checkpoint, const char *path);

/* Adds a checksum of the content to meta. Call it last, just before writing. */
void ir_checkpoint_seal(ir_checkpoint *checkpoint);
bool ir_checkpoint_is_sealed(const ir_checkpoint *checkpoint);

size_t ir_checkpoint_count(const ir_checkpoint *checkpoint);
ir_array *ir_checkpoint_at(const ir_checkpoint *checkpoint, size_t i); /* sorted by name */
ir_array *ir_checkpoint_find(const ir_checkpoint *checkpoint, const char *name); /* or NULL */
/* A new zeroed array; name must not be there yet. */
ir_array *ir_checkpoint_add(ir_checkpoint *checkpoint, const char *name, int ndim, const int *dim);
size_t ir_array_size(const ir_array *array);                     /* elements */
const char *ir_checkpoint_path(const ir_checkpoint *checkpoint); /* for messages */

#endif
