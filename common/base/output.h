/* Files written whole or not at all: beside the target under another name, synced, renamed. */
#ifndef IR_OUTPUT_H
#define IR_OUTPUT_H

#include <stdio.h>

typedef struct {
    FILE *file;
    char *path, *temporary; /* both NULL: standard output */
    char *target;           /* what temporary will be called */
} ir_output;

/* path NULL or "-": standard output. */
ir_output ir_output_open(const char *path);
/* The same for a path where a stranger may have put something: a link or a FIFO there is replaced,
 * neither followed nor written into; dies when a directory or a device is there. Below /dev, where
 * no stranger's things are, as ir_output_open(). */
ir_output ir_output_open_received(const char *path);
/* Syncs, closes, renames; dies (and leaves the old file alone) when anything failed. */
void ir_output_close(ir_output *out);

#endif
