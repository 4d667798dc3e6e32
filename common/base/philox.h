/* Random numbers that depend on what they are for, not on when they are drawn.
 *
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a counter
 * encrypted under a key. A stream is keyed by (seed, purpose, item name, occurrence), so a frame's
 * noise is the same whatever the number of threads or the order of the work. */
#ifndef IR_PHILOX_H
#define IR_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* The bare block function: ten rounds, counter in place. Known answers are in the tests. */
void ir_philox4x32(uint32_t counter[4], const uint32_t key[2]);

typedef struct {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    int used;     /* words of block given out */
    double spare; /* the second normal of a Box-Muller pair */
    int have_spare;
} ir_rng;

/* occurrence: how often (purpose, item) came before; 0 the first time. */
ir_rng ir_rng_make(uint64_t seed, const char *purpose, const char *item, uint64_t occurrence);

uint32_t ir_rng_u32(ir_rng *rng);
double ir_rng_uniform(ir_rng *rng);             /* in [0, 1), 53 bits */
uint32_t ir_rng_below(ir_rng *rng, uint32_t n); /* in [0, n), unbiased */
double ir_rng_normal(ir_rng *rng);              /* mean 0, variance 1 */
long ir_rng_poisson(ir_rng *rng, double mean);  /* exact for any mean >= 0 */
/* Fisher-Yates on 0..n-1 */
void ir_rng_permutation(ir_rng *rng, size_t n, size_t *order);

#endif
