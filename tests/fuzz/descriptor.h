/* A file that has a descriptor, for readers that do not go through stdio. */
#ifndef IR_FUZZ_DESCRIPTOR_H
#define IR_FUZZ_DESCRIPTOR_H

#include <stddef.h>

/* The descriptor of an unnamed file in memory that holds these bytes, positioned at its beginning.
 * It is the same file every time, with the last bytes only. */
int descriptor_of(const void *bytes, size_t size);

#endif
