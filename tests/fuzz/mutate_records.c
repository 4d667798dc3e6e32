/* Tables are changed cell by cell and line by line. */
#include "lines.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return lines_mutate(data, size, most, seed);
}
