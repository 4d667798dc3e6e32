/* One pixel's block of channels as one value, for loops that hold several of them in registers. */
#ifndef IR_PIXEL_H
#define IR_PIXEL_H

#include <string.h>

#include "kernel.h"

typedef float pixel __attribute__((vector_size(sizeof(float) * B)));
typedef int pixel_choice __attribute__((vector_size(sizeof(int) * B)));

/* The part of a pixel that fits a register: all of it with AVX, one half with SSE and NEON. Where
 * a pixel has several parts, gcc keeps it in memory between operations. */
#if defined(__AVX512F__) && IR_BLOCK == 16
enum { PART_LANES = 16 };
#elif defined(__AVX__)
enum { PART_LANES = 8 };
#else
enum { PART_LANES = 4 };
#endif
typedef float pixel_part __attribute__((vector_size(sizeof(float) * PART_LANES)));

/* For functions whose constant arguments must become constants in the code. */
#define INLINE static inline __attribute__((always_inline))

/* y < 0 ? slope y : y */
INLINE void rectify_pixel(pixel *y, float slope)
{
    const pixel below = slope * *y;
    const pixel_choice above = *y > 0;
    *y = (pixel)(((pixel_choice)*y & above) | ((pixel_choice)below & ~above));
}

#if IR_BLOCK == 16
#define IR_LANES 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#else
#define IR_LANES 0, 1, 2, 3, 4, 5, 6, 7
#endif

/* One step of a transposition, for squares of side d. Call a lane set where its number has bit d.
 * Afterwards a has the lanes that are not set of both a and b, and b has the set lanes of both. */
INLINE void exchange(pixel *a, pixel *b, int d)
{
    const pixel_choice lane = {IR_LANES}, set = (lane & d) != 0;
    const pixel_choice clear_ones = lane + (set & (B - d)),
                       set_ones = lane + ((set & B) | (~set & d));
    const pixel x = __builtin_shuffle(*a, *b, clear_ones);
    *b = __builtin_shuffle(*a, *b, set_ones);
    *a = x;
}

/* tile[i][l] becomes tile[l][i] */
INLINE void transpose_tile(pixel tile[B])
{
    for (int i = 0; i < B; i++)
        if (B == 16 && !(i & 8))
            exchange(&tile[i], &tile[i + B / 2], B / 2);
    for (int i = 0; i < B; i++)
        if (!(i & 4))
            exchange(&tile[i], &tile[i + 4], 4);
    for (int i = 0; i < B; i++)
        if (!(i & 2))
            exchange(&tile[i], &tile[i + 2], 2);
    for (int i = 0; i < B; i++)
        if (!(i & 1))
            exchange(&tile[i], &tile[i + 1], 1);
}

/* How many parts of a pixel are summed at a time: NEON has 32 registers, SSE has 16. */
#if defined(__aarch64__)
enum { PARTS_TOGETHER = B / PART_LANES };
#else
enum { PARTS_TOGETHER = 1 };
#endif

/* sums[j * apart] += the sum over i < terms of factor[j * step + i * stride] value[i], for j <
 * count. count is a constant, so small that these sums stay in registers. */
INLINE void add_products(pixel *sums, int count, int apart, const float *factor, int step,
                         int stride, const pixel *value, int terms)
{
    enum { MOST = 8, PARTS = B / PART_LANES };
    for (int part = 0; part < PARTS; part += PARTS_TOGETHER) {
        pixel_part sum[PARTS_TOGETHER][MOST];
        for (int k = 0; k < PARTS_TOGETHER; k++)
            for (int j = 0; j < count; j++)
                sum[k][j] = ((const pixel_part *)&sums[j * apart])[part + k];
        for (int i = 0; i < terms; i++)
            for (int k = 0; k < PARTS_TOGETHER; k++) {
                const pixel_part v = ((const pixel_part *)&value[i])[part + k];
                for (int j = 0; j < count; j++)
                    sum[k][j] += factor[j * step + i * stride] * v;
            }
        for (int k = 0; k < PARTS_TOGETHER; k++)
            for (int j = 0; j < count; j++)
                ((pixel_part *)&sums[j * apart])[part + k] = sum[k][j];
    }
}

/* For numbers at any address: a pixel itself must be aligned. */
INLINE void load_pixel(pixel *y, const float *x)
{
    memcpy(y, x, sizeof *y);
}
INLINE void store_pixel(float *y, const pixel *x)
{
    memcpy(y, x, sizeof *x);
}

#endif
