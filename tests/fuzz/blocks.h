/* The memory that contained code holds. */
#ifndef IR_FUZZ_BLOCKS_H
#define IR_FUZZ_BLOCKS_H

#include <stddef.h>

/* Frees every block that is still there; returns how many. */
size_t blocks_free(void);

#endif
