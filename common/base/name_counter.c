/* A hash table with open addressing, at most three quarters full.
 *
 * It keeps 96 bits of a name's hash instead of the name. The probability that any two of a billion
 * names share them is below 1e-11, of a million below 1e-17. Numbered names, such as those of a
 * file's images (a#2, a#3; stdin#1, stdin#2), get no entries of their own while the numbers follow
 * each other: the last number says it all. So memory does not grow with the length of such a
 * stream. */
#include "base/name_counter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

typedef struct {
    uint32_t hash[3];
    uint32_t value; /* of a name: its count; of a series: its index + 1; 0: free */
} entry;

/* The numbered names of one base. Pass n is the n-th time that the numbers count up from the first;
 * it has come to reach[n], which is at most the reach of the pass before. */
typedef struct {
    uint64_t first;
    uint64_t *reach;
    size_t passes, capacity;
} series;

struct ir_name_counter {
    entry *table;
    size_t size, used; /* size is a power of two */
    series *series;
    size_t series_count, series_capacity;
};

enum { FIRST_SIZE = 64 };

typedef enum { NAME, SERIES } key_kind;

ir_name_counter *ir_name_counter_new(void)
{
    ir_name_counter *counter = ir_calloc(1, sizeof *counter);
    counter->table = ir_calloc(FIRST_SIZE, sizeof *counter->table);
    counter->size = FIRST_SIZE;
    return counter;
}

/* ---- the table ---- */

/* FNV-1a of 128 bits (Fowler, Noll, Vo), folded to 96. The kind comes first, so that a name is no
 * series. */
static entry make_key(key_kind kind, const char *name, size_t length)
{
    const unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13B;
    unsigned __int128 h = (unsigned __int128)0x6C62272E07BB0142 << 64 | 0x62B821756295C58D;
    h = (h ^ (unsigned)kind) * prime;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)name[i]) * prime;
    h ^= h >> 96;
    return (entry){.hash = {(uint32_t)h, (uint32_t)(h >> 32), (uint32_t)(h >> 64)}};
}

/* The entry of the key, or the free one where it belongs. */
static entry *find(entry *table, size_t size, const entry *key)
{
    size_t i = (key->hash[0] ^ key->hash[2]) & (size - 1);
    while (table[i].value && memcmp(table[i].hash, key->hash, sizeof key->hash) != 0)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static void grow(ir_name_counter *counter)
{
    size_t size = 2 * counter->size;
    entry *table = ir_calloc(size, sizeof *table);
    for (size_t i = 0; i < counter->size; i++)
        if (counter->table[i].value)
            *find(table, size, &counter->table[i]) = counter->table[i];
    free(counter->table);
    counter->table = table;
    counter->size = size;
}

static uint32_t value_of(const ir_name_counter *counter, const entry *key)
{
    return find(counter->table, counter->size, key)->value;
}

static void set_value(ir_name_counter *counter, const entry *key, uint64_t value)
{
    entry *found = find(counter->table, counter->size, key);
    if (value > UINT32_MAX)
        ir_die("more than %" PRIu32 " images of one name", UINT32_MAX);
    if (!found->value) {
        if (4 * (counter->used + 1) > 3 * counter->size) {
            grow(counter);
            found = find(counter->table, counter->size, key);
        }
        counter->used++;
    }
    *found = *key;
    found->value = (uint32_t)value;
}

/* ---- series ---- */

/* The number after the last '#' of a name, and the length of the name before it; 0 if no image
 * would get such a name. */
static uint64_t number_of(const char *name, size_t *base)
{
    enum { MOST_DIGITS = 18 };
    const char *mark = strrchr(name, '#');
    size_t digits = mark ? strspn(mark + 1, "0123456789") : 0;
    if (digits == 0 || digits > MOST_DIGITS || mark[1 + digits] != '\0' || mark[1] == '0')
        return 0;
    *base = (size_t)(mark - name);
    return strtoull(mark + 1, NULL, 10);
}

static series *add_series(ir_name_counter *counter, const entry *key, uint64_t first)
{
    if (counter->series_count == counter->series_capacity) {
        counter->series_capacity = counter->series_capacity ? 2 * counter->series_capacity : 4;
        counter->series =
            ir_realloc(counter->series, counter->series_capacity, sizeof *counter->series);
    }
    counter->series[counter->series_count++] = (series){.first = first};
    set_value(counter, key, counter->series_count);
    return &counter->series[counter->series_count - 1];
}

/* The series of a base; one that is new starts with the number, if images can start with it. */
static series *find_series(ir_name_counter *counter, const char *name, size_t base, uint64_t number)
{
    entry key = make_key(SERIES, name, base);
    uint32_t index = value_of(counter, &key);
    if (index > 0)
        return &counter->series[index - 1];
    return number <= 2 ? add_series(counter, &key, number) : NULL;
}

/* How many passes came to the number: reach never rises. */
static size_t passes_over(const series *s, uint64_t number)
{
    size_t low = 0, high = number < s->first ? 0 : s->passes;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->reach[middle] >= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Lets the pass go on to the number, if it is the next one. */
static bool go_on(series *s, size_t pass, uint64_t number)
{
    if (pass < s->passes) {
        if (s->reach[pass] + 1 != number)
            return false;
        s->reach[pass]++;
        return true;
    }
    if (number != s->first)
        return false;
    if (s->passes == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 1;
        s->reach = ir_realloc(s->reach, s->capacity, sizeof *s->reach);
    }
    s->reach[s->passes++] = number;
    return true;
}

/* ---- names ---- */

/* A name that does not continue its series has an entry for that time; both count. */
uint64_t ir_count_name(ir_name_counter *counter, const char *name)
{
    size_t base = 0, passes = 0;
    uint64_t number = number_of(name, &base);
    series *s = number > 0 ? find_series(counter, name, base, number) : NULL;
    entry key = make_key(NAME, name, strlen(name));
    uint64_t alone = value_of(counter, &key);
    if (s)
        passes = passes_over(s, number);
    if (!s || !go_on(s, passes, number))
        set_value(counter, &key, alone + 1);
    return alone + passes;
}

void ir_name_counter_free(ir_name_counter *counter)
{
    if (!counter)
        return;
    for (size_t i = 0; i < counter->series_count; i++)
        free(counter->series[i].reach);
    free(counter->series);
    free(counter->table);
    free(counter);
}
