/* How often each name came: a hash table with open addressing, never more than three quarters full.
 *
 * It keeps 96 bits of a name's hash in place of the name: that any two names of a billion share
 * them has a probability below 1e-11, of a million below 1e-17. Numbered names, as the images of
 * one file have them (a#2, a#3; of standard input stdin#1, stdin#2), take no entry each. As long as
 * the numbers follow each other, how far they came says all, so that memory does not grow with the
 * length of such a stream. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"

typedef struct {
    uint32_t hash[3];
    uint32_t value; /* of a name: how often; of a series: its index + 1; 0: free */
} entry;

/* The numbered names of one base. The n-th time that the number goes up from the first by ones it
 * comes to reach[n], which is no farther than the time before. */
typedef struct {
    uint64_t first;
    uint64_t *reach;
    size_t passes, room;
} series;

struct ir_tally {
    entry *table;
    size_t size, used; /* size is a power of two */
    series *series;
    size_t series_count, series_room;
};

enum { FIRST_SIZE = 64 };

typedef enum { NAME, SERIES } key_kind;

ir_tally *ir_tally_new(void)
{
    ir_tally *tally = ir_calloc(1, sizeof *tally);
    tally->table = ir_calloc(FIRST_SIZE, sizeof *tally->table);
    tally->size = FIRST_SIZE;
    return tally;
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

static void grow(ir_tally *tally)
{
    size_t size = 2 * tally->size;
    entry *table = ir_calloc(size, sizeof *table);
    for (size_t i = 0; i < tally->size; i++)
        if (tally->table[i].value)
            *find(table, size, &tally->table[i]) = tally->table[i];
    free(tally->table);
    tally->table = table;
    tally->size = size;
}

static uint32_t value_of(const ir_tally *tally, const entry *key)
{
    return find(tally->table, tally->size, key)->value;
}

static void set_value(ir_tally *tally, const entry *key, uint64_t value)
{
    entry *found = find(tally->table, tally->size, key);
    if (value > UINT32_MAX)
        ir_die("more than %" PRIu32 " images of one name", UINT32_MAX);
    if (!found->value) {
        if (4 * (tally->used + 1) > 3 * tally->size) {
            grow(tally);
            found = find(tally->table, tally->size, key);
        }
        tally->used++;
    }
    *found = *key;
    found->value = (uint32_t)value;
}

/* ---- series ---- */

/* The number after the last '#' of a name, and the length of what stands before; 0: none that an
 * image would get. */
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

static series *add_series(ir_tally *tally, const entry *key, uint64_t first)
{
    if (tally->series_count == tally->series_room) {
        tally->series_room = tally->series_room ? 2 * tally->series_room : 4;
        tally->series = ir_realloc(tally->series, tally->series_room, sizeof *tally->series);
    }
    tally->series[tally->series_count++] = (series){.first = first};
    set_value(tally, key, tally->series_count);
    return &tally->series[tally->series_count - 1];
}

/* The series of a base; one that is new starts with the number, if images can start with it. */
static series *find_series(ir_tally *tally, const char *name, size_t base, uint64_t number)
{
    entry key = make_key(SERIES, name, base);
    uint32_t index = value_of(tally, &key);
    if (index > 0)
        return &tally->series[index - 1];
    return number <= 2 ? add_series(tally, &key, number) : NULL;
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
    if (s->passes == s->room) {
        s->room = s->room ? 2 * s->room : 1;
        s->reach = ir_realloc(s->reach, s->room, sizeof *s->reach);
    }
    s->reach[s->passes++] = number;
    return true;
}

/* ---- names ---- */

/* A name that does not continue its series has an entry for that time; both count. */
uint64_t ir_tally_count(ir_tally *tally, const char *name)
{
    size_t base = 0, passes = 0;
    uint64_t number = number_of(name, &base);
    series *s = number > 0 ? find_series(tally, name, base, number) : NULL;
    entry key = make_key(NAME, name, strlen(name));
    uint64_t alone = value_of(tally, &key);

    if (s)
        passes = passes_over(s, number);
    if (!s || !go_on(s, passes, number))
        set_value(tally, &key, alone + 1);
    return alone + passes;
}

void ir_tally_free(ir_tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < tally->series_count; i++)
        free(tally->series[i].reach);
    free(tally->series);
    free(tally->table);
    free(tally);
}
