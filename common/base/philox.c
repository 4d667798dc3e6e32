/* Philox 4x32-10 and the streams made of it: see philox.h. The distributions are in random.c. */
#include <string.h>

#include "base/philox.h"
#include "base/philox_rounds.h"

void ir_philox4x32(uint32_t counter[4], const uint32_t key[2])
{
    ir_philox_rounds(counter, key[0], key[1]);
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
 */
static uint64_t mix(uint64_t z)
{
    z += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static uint64_t mix_string(uint64_t hash, const char *s)
{
    for (; *s; s++)
        hash = mix(hash ^ (unsigned char)*s);
    return mix(hash ^ 0x100); /* no character: "ab" + "c" differs from "a" + "bc" */
}

/* Key: seed and purpose. Counter: words 2 and 3 are the item and its occurrence, words 0 and 1
 * count blocks, so that streams of different items never run into one another. */
ir_rng ir_rng_make(uint64_t seed, const char *purpose, const char *item, uint64_t occurrence)
{
    uint64_t key = mix_string(mix(seed), purpose);
    uint64_t place = mix(mix_string(0, item) ^ mix(occurrence));
    ir_rng rng = {.key = {(uint32_t)key, (uint32_t)(key >> 32)},
                  .counter = {0, 0, (uint32_t)place, (uint32_t)(place >> 32)},
                  .used = 4};
    return rng;
}

uint32_t ir_rng_u32(ir_rng *rng)
{
    if (rng->used == 4) {
        memcpy(rng->block, rng->counter, sizeof rng->block);
        ir_philox4x32(rng->block, rng->key);
        if (++rng->counter[0] == 0)
            rng->counter[1]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}
