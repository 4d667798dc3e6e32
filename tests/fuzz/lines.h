/* Changes of text that is a table: see lines.c. */
#ifndef IR_FUZZ_LINES_H
#define IR_FUZZ_LINES_H

#include "mutate.h"

/* Changes one cell, repeats, moves or removes one line; or leaves it to libFuzzer. */
size_t lines_mutate(uint8_t *data, size_t size, size_t most, unsigned seed);

#endif
