/* How often each name came: a hash table with open addressing, never more than half full. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"

typedef struct {
    char *name; /* NULL: free */
    uint64_t count;
} entry;

struct ir_tally {
    entry *table;
    size_t size, used; /* size is a power of two */
};

ir_tally *ir_tally_new(void)
{
    ir_tally *tally = ir_malloc(sizeof *tally);
    *tally = (ir_tally){ir_calloc(64, sizeof(entry)), 64, 0};
    return tally;
}

/* FNV-1a (Fowler, Noll, Vo) */
static uint64_t hash(const char *name)
{
    uint64_t h = 0xCBF29CE484222325;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001B3;
    return h ^ h >> 32;
}

/* The entry of the name, or the free one where it belongs. */
static entry *find(entry *table, size_t size, const char *name)
{
    size_t i = hash(name) & (size - 1);
    while (table[i].name && strcmp(table[i].name, name) != 0)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static void grow(ir_tally *tally)
{
    size_t size = 2 * tally->size;
    entry *table = ir_calloc(size, sizeof *table);
    for (size_t i = 0; i < tally->size; i++)
        if (tally->table[i].name)
            *find(table, size, tally->table[i].name) = tally->table[i];
    free(tally->table);
    tally->table = table;
    tally->size = size;
}

uint64_t ir_tally_count(ir_tally *tally, const char *name)
{
    entry *found = find(tally->table, tally->size, name);
    if (!found->name) {
        if (2 * (tally->used + 1) > tally->size) {
            grow(tally);
            found = find(tally->table, tally->size, name);
        }
        found->name = ir_strdup(name);
        tally->used++;
    }
    return found->count++;
}

void ir_tally_free(ir_tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < tally->size; i++)
        free(tally->table[i].name);
    free(tally->table);
    free(tally);
}
