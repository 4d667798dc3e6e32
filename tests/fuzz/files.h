/* Files that are in memory alone, for contained code: path names to bytes. */
#ifndef IR_FUZZ_FILES_H
#define IR_FUZZ_FILES_H

#include <stddef.h>

/* Forgets all files. */
void files_clear(void);
/* A file whose bytes, and whose name, are the caller's and stay there. */
void files_add(const char *path, const void *bytes, size_t size);
/* Closes what contained code left open; returns how many. */
int files_close(void);

#endif
