/* Philox blocks side by side, so that the compiler can use vectors, and Box-Muller over arrays. */
#include "random_batch.h"

#include <math.h>
#include <string.h>

#include "corrupt.h"

enum { BLOCKS = RANDOM_BATCH / 4 };

/* ir_philox4x32() of BLOCKS counters that differ in their first word: first, first + 1, ... */
IR_WIDE static void philox_blocks(const uint32_t counter[4], const uint32_t key[2],
                                  uint32_t *restrict word)
{
#pragma omp simd
    for (int i = 0; i < BLOCKS; i++) {
        uint32_t w0 = counter[0] + (uint32_t)i, w1 = counter[1], w2 = counter[2], w3 = counter[3];
        uint32_t key0 = key[0], key1 = key[1];
#pragma GCC unroll 10
        for (int round = 0; round < 10; round++) {
            uint64_t product0 = (uint64_t)0xD2511F53 * w0, product1 = (uint64_t)0xCD9E8D57 * w2;
            w0 = (uint32_t)(product1 >> 32) ^ w1 ^ key0;
            w1 = (uint32_t)product1;
            w2 = (uint32_t)(product0 >> 32) ^ w3 ^ key1;
            w3 = (uint32_t)product0;
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }
        word[4 * i] = w0;
        word[4 * i + 1] = w1;
        word[4 * i + 2] = w2;
        word[4 * i + 3] = w3;
    }
}

/* A frame has at most 2^28 pixels and takes fewer than 2^32 blocks, so the first word of the
 * counter alone does the counting. */
void random_words(ir_rng *rng, uint32_t word[RANDOM_BATCH])
{
    philox_blocks(rng->counter, rng->key, word);
    rng->counter[0] += BLOCKS;
}

static inline float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* -2 ln(u) of a normal float u in (0, 1]: u = 2^e m with m in [1/sqrt 2, sqrt 2), ln m = 2
 * artanh(s) with s = (m - 1) / (m + 1), whose series ends below a float's precision at s^9. */
static inline float minus_two_log(float u)
{
    uint32_t bits = bits_of_float(u) - 0x3f3504f3; /* 1/sqrt 2 */
    float e = (float)((int32_t)bits >> 23);
    float m = float_of_bits((bits & 0x7fffff) + 0x3f3504f3);
    float s = (m - 1) / (m + 1), t = s * s;
    float series = 1 + t * (1.f / 3 + t * (1.f / 5 + t * (1.f / 7 + t * (1.f / 9))));
    float result = -2 * (e * (float)M_LN2 + 2 * s * series);
    return result > 0 ? result : 0;
}

/* Box and Muller's method: a radius of one word, a direction of another. The direction is an angle
 * in [-pi/4, pi/4), turned by two more random bits into one of the four quarters: by operations on
 * bits, for with branches the loop would not become vectors. */
IR_WIDE static void box_muller(const uint32_t *restrict word, float *restrict normal)
{
    enum { PAIRS = RANDOM_BATCH / 2 };
#pragma omp simd
    for (int i = 0; i < PAIRS; i++) {
        uint32_t direction = word[i + PAIRS];
        float u = (float)(int32_t)(word[i] >> 1) * 0x1p-31f + 0x1p-32f;
        float radius = sqrtf(minus_two_log(u));
        float angle = (float)(int32_t)(direction << 2) * (float)(M_PI / 2 * 0x1p-32);
        float t = angle * angle;
        float sine = angle * (1 + t * (-1.f / 6 + t * (1.f / 120 + t * (-1.f / 5040))));
        float cosine = 1 + t * (-1.f / 2 + t * (1.f / 24 + t * (-1.f / 720 + t * (1.f / 40320))));
        radius = float_of_bits(bits_of_float(radius) ^ (direction & 0x80000000));
        uint32_t swap = -(direction >> 30 & 1);
        uint32_t swapped = (bits_of_float(sine) ^ bits_of_float(cosine)) & swap;
        normal[i] = radius * float_of_bits(bits_of_float(cosine) ^ swapped);
        normal[i + PAIRS] = radius * float_of_bits(bits_of_float(sine) ^ swapped);
    }
}

void random_normals(ir_rng *rng, float normal[RANDOM_BATCH])
{
    uint32_t word[RANDOM_BATCH];
    random_words(rng, word);
    box_muller(word, normal);
}
