/* Blocks of memory in a hash table by address, in the place of malloc() and its kin.
 *
 * The blocks lie side by side in an array, so that to free them all takes no longer than there are
 * of them; the table says where in it. Linear probing. */
#include "blocks.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "contain.h"

enum { MOST = 1 << 17, PLACES = 2 * MOST };

static struct {
    void *block[MOST];
    uint32_t place[PLACES]; /* index of the block + 1; 0: none */
    size_t n;
} held;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t bytes);
void __real_free(void *block);
ssize_t __real_getline(char **line, size_t *capacity, FILE *file);
ssize_t __real___getdelim(char **line, size_t *capacity, int end, FILE *file);
int __real_vasprintf(char **text, const char *format, va_list list);

static size_t hash(const void *block)
{
    return (size_t)(((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 40) % PLACES;
}

/* Where block stands or would stand. */
static size_t find(const void *block)
{
    size_t i = hash(block);
    while (held.place[i] != 0 && held.block[held.place[i] - 1] != block)
        i = (i + 1) % PLACES;
    return i;
}

static void *hold(void *block)
{
    if (!block || !containing())
        return block;
    if (held.n == MOST)
        fault("more than %d blocks of memory", MOST);
    held.block[held.n] = block;
    held.place[find(block)] = (uint32_t)++held.n;
    return block;
}

/* Moves up what would not be found any more behind an empty place. */
static void close_gap(size_t gap)
{
    for (size_t i = (gap + 1) % PLACES; held.place[i] != 0; i = (i + 1) % PLACES) {
        size_t home = hash(held.block[held.place[i] - 1]);

        if ((i + PLACES - home) % PLACES >= (i + PLACES - gap) % PLACES) {
            held.place[gap] = held.place[i];
            held.place[i] = 0;
            gap = i;
        }
    }
}

static void release(const void *block)
{
    size_t i = find(block);
    uint32_t index = held.place[i];
    if (!block || index == 0)
        return;
    held.place[i] = 0;
    close_gap(i);
    if (index < held.n) { /* the last one takes its index */
        void *last = held.block[held.n - 1];

        held.place[find(last)] = index;
        held.block[index - 1] = last;
    }
    held.n--;
}

size_t blocks_free(void)
{
    size_t n = held.n;
    while (held.n > 0) {
        void *block = held.block[held.n - 1];

        release(block);
        __real_free(block);
    }
    return n;
}

/* ---- in the place of libc's ---- */

void *__wrap_malloc(size_t bytes)
{
    return hold(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return hold(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t bytes)
{
    release(old);
    return hold(__real_realloc(old, bytes));
}

void __wrap_free(void *block)
{
    release(block);
    __real_free(block);
}

ssize_t __wrap_getline(char **line, size_t *capacity, FILE *file)
{
    ssize_t length;
    release(*line);
    length = __real_getline(line, capacity, file);
    hold(*line);
    return length;
}

/* What an optimising compiler makes of getline(). */
ssize_t __wrap___getdelim(char **line, size_t *capacity, int end, FILE *file)
{
    ssize_t length;
    release(*line);
    length = __real___getdelim(line, capacity, end, file);
    hold(*line);
    return length;
}

int __wrap_vasprintf(char **text, const char *format, va_list list)
{
    int length = __real_vasprintf(text, format, list);
    if (length >= 0)
        hold(*text);
    return length;
}
