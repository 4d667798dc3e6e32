/* Changes the dictionary or the numbers of a .npy file, then puts the dictionary's length right. */
#include <string.h>

#include "mutate.h"

enum { BEFORE = 10, MOST_HEADER = 1024 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static uint8_t header[MOST_HEADER];
    size_t length = size < BEFORE ? 0 : (size_t)data[8] | (size_t)data[9] << 8, now;
    if (size < BEFORE || data[6] != 1 || length > size - BEFORE || length > MOST_HEADER / 2 ||
        below(&seed, 4) == 0)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(header, data + BEFORE, length);
    now = LLVMFuzzerMutate(header, length, length + 64);
    if (size - length + now > most)
        return size;
    memmove(data + BEFORE + now, data + BEFORE + length, size - BEFORE - length);
    memcpy(data + BEFORE, header, now);
    data[8] = (uint8_t)(now & 0xff);
    data[9] = (uint8_t)(now >> 8);
    return size - length + now;
}
