/* Changes of tab-separated lines that leave the number of fields alone most times, since a row of
 * another length is all that a reader would look at. */
#include "lines.h"

#include <string.h>

enum { MOST_LINE = 1024 };

/* The line around at: where it begins; *length is its own, with its newline. */
static size_t line_at(const uint8_t *data, size_t size, size_t at, size_t *length)
{
    size_t from = at, to = at;
    while (from > 0 && data[from - 1] != '\n')
        from--;
    while (to < size && data[to] != '\n')
        to++;
    *length = to + (to < size) - from;
    return from;
}

/* Puts n other bytes in the place of length of them. */
static size_t replace(uint8_t *data, size_t size, size_t most, size_t at, size_t length,
                      const void *bytes, size_t n)
{
    if (size - length + n > most)
        return size;
    memmove(data + at + n, data + at + length, size - at - length);
    memcpy(data + at, bytes, n);
    return size - length + n;
}

static size_t change_cell(uint8_t *data, size_t size, size_t most, size_t at, unsigned *state)
{
    static const char *const cell[] = {
        "0",       "1",    "-",     "nan",      "-nan",     "inf",        "1e308", "-1",  "1e-308",
        "1e-5",    "0.5",  "100",   "5",        "",         "mean",       "clean", "iou", "jpeg",
        "1000000", "\xff", "&<\"'", "4.9e-324", "-1.7e308", "2147483648", "x"};
    size_t from = at, to = at, i;
    while (from > 0 && data[from - 1] != '\n' && data[from - 1] != '\t')
        from--;
    while (to < size && data[to] != '\n' && data[to] != '\t')
        to++;
    i = below(state, sizeof cell / sizeof *cell);
    return replace(data, size, most, from, to - from, cell[i], strlen(cell[i]));
}

/* Line from once more, or in another place, before line to. */
static size_t copy_line(uint8_t *data, size_t size, size_t most, size_t from, size_t to)
{
    uint8_t line[MOST_LINE];
    size_t length, unused;
    from = line_at(data, size, from, &length);
    to = line_at(data, size, to, &unused);
    if (length > MOST_LINE)
        return size;
    memcpy(line, data + from, length);
    return replace(data, size, most, to, 0, line, length);
}

size_t lines_mutate(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    size_t what = below(&seed, 8), at, length;
    if (size == 0 || what < 3)
        return LLVMFuzzerMutate(data, size, most);
    at = below(&seed, size);
    if (what < 6)
        return change_cell(data, size, most, at, &seed);
    if (what == 6)
        return copy_line(data, size, most, at, below(&seed, size));
    at = line_at(data, size, at, &length);
    return replace(data, size, most, at, length, "", 0);
}
