/* Operands as lists of paths: what stream.c and matched.c share. */
#ifndef IR_PATHS_H
#define IR_PATHS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *path;  /* "-": standard input */
    char *name;  /* item name of its first image */
    size_t list; /* number of the @list that names it, from 1; 0: none */
} ir_path;

typedef struct {
    ir_path *item;
    size_t count, capacity, lists;
    bool once; /* some path is standard input or another pipe, which cannot be read twice */
} ir_paths;

enum ir_operand_kind { IR_FILE, IR_DIRECTORY, IR_LIST };

/* Appends the paths that the operand stands for. Dies on missing files and on names that no record
 * can hold. */
enum ir_operand_kind ir_paths_add(ir_paths *paths, const char *operand);
void ir_paths_free(ir_paths *paths);

#endif
