/* Changes a tar: one member's content with its size, one header field, or any bytes; then puts the
 * headers' checksums right, without which all of it would be refused at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"

enum { BLOCK = 512, NAME = 100, SIZE_AT = 124, SUM_AT = 148, TYPE_AT = 156, MOST = 1 << 16 };

static size_t octal(const uint8_t *digits, size_t n)
{
    size_t value = 0;
    for (size_t i = 0; i < n && digits[i] >= '0' && digits[i] <= '7'; i++)
        value = value * 8 + (size_t)(digits[i] - '0');
    return value;
}

static void set_octal(uint8_t *field, size_t digits, size_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%0*zo", (int)digits, value);
    memcpy(field, text, digits);
    field[digits] = 0;
}

static void put_sum_right(uint8_t *header)
{
    size_t sum = 8 * ' ';
    for (int i = 0; i < BLOCK; i++)
        sum += i < SUM_AT || i >= SUM_AT + 8 ? header[i] : 0;
    set_octal(header + SUM_AT, 6, sum);
    header[SUM_AT + 7] = ' ';
}

static size_t whole_blocks(size_t bytes)
{
    return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

/* The headers' places, at most most of them; returns how many. */
static size_t find_members(const uint8_t *data, size_t size, size_t *at, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i + BLOCK <= size && data[i] != 0 && n < most;) {
        size_t bytes = octal(data + i + SIZE_AT, 11);

        at[n++] = i;
        if (bytes > size - i)
            break;
        i += BLOCK + whole_blocks(bytes);
    }
    return n;
}

/* Another content, and with it another size, for the member at at. */
static size_t change_content(uint8_t *data, size_t size, size_t most, size_t at)
{
    static uint8_t content[MOST];
    size_t old = octal(data + at + SIZE_AT, 11), end = at + BLOCK + whole_blocks(old), now;
    if (end > size || old > MOST / 2)
        return size;
    memcpy(content, data + at + BLOCK, old);
    now = LLVMFuzzerMutate(content, old, old + 64);
    if (size - end + at + BLOCK + whole_blocks(now) > most)
        return size;
    memmove(data + at + BLOCK + whole_blocks(now), data + end, size - end);
    memset(data + at + BLOCK, 0, whole_blocks(now));
    memcpy(data + at + BLOCK, content, now);
    set_octal(data + at + SIZE_AT, 11, now);
    return size - (end - at - BLOCK) + whole_blocks(now);
}

static void change_header(uint8_t *header, unsigned *state)
{
    static const struct {
        int at, length;
    } field[] = {{0, NAME}, {SIZE_AT, 12}, {TYPE_AT, 1}, {257, 8}, {157, NAME}, {345, 155}};
    size_t i = below(state, sizeof field / sizeof *field);
    static const char types[] = "0\0"
                                "1257gxLKSV";

    if (field[i].at == TYPE_AT)
        header[TYPE_AT] = (uint8_t)types[below(state, sizeof types - 1)];
    else
        LLVMFuzzerMutate(header + field[i].at, (size_t)field[i].length, (size_t)field[i].length);
}

/* A member once more, where another begins. */
static size_t repeat(uint8_t *data, size_t size, size_t most, size_t from, size_t to)
{
    static uint8_t member[MOST];
    size_t bytes = BLOCK + whole_blocks(octal(data + from + SIZE_AT, 11));
    if (from + bytes > size || bytes > MOST || size + bytes > most)
        return size;
    memcpy(member, data + from, bytes);
    memmove(data + to + bytes, data + to, size - to);
    memcpy(data + to, member, bytes);
    return size + bytes;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    size_t at[32], n = find_members(data, size, at, 32), what = below(&seed, 16);
    if (n == 0 || what == 0)
        size = LLVMFuzzerMutate(data, size, most);
    else if (what < 11)
        size = change_content(data, size, most, at[below(&seed, n)]);
    else if (what < 15)
        change_header(data + at[below(&seed, n)], &seed);
    else
        size = repeat(data, size, most, at[below(&seed, n)], at[below(&seed, n)]);
    n = find_members(data, size, at, 32);
    for (size_t i = 0; i < n; i++)
        put_sum_right(data + at[i]);
    return size;
}
