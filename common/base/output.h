/* Files written whole or not at all: beside the target under another name, synced, renamed. */
#ifndef IR_OUTPUT_H
#define IR_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct {
    FILE *file;
    char *path, *temporary; /* both NULL: standard output */
    char *target;           /* what temporary will be called */
    bool one_of_many;       /* of ir_output_open_at(): not synced */
    int directory;          /* then: where it lies, open */
} ir_output;

/* path NULL or "-": standard output. */
ir_output ir_output_open(const char *path);
/* The same for a path where a stranger may have put something. A link or a FIFO there is replaced,
 * not followed or written to; a directory or a device is an error. Below /dev, where strangers
 * cannot write, it works as ir_output_open(). */
ir_output ir_output_open_received(const char *path);
/* A file in an open directory, which must stay open until the file is closed. path: only its last
 * component counts; the rest is for messages. An existing file is replaced; a link is not followed,
 * a FIFO not written to. Meant for many files: the caller syncs them together at the end. */
ir_output ir_output_open_at(int directory, const char *path);
/* Syncs, closes, renames; dies (and leaves the old file alone) when anything failed. */
void ir_output_close(ir_output *out);

#endif
