/* What JPEG does to a grey frame: of every block of 8 x 8 samples the discrete cosine transform,
 * quantisation, and both undone. The entropy coding between them is lossless and left out.
 *
 * The result is libjpeg's to the bit, by its default transforms: the algorithm of Loeffler,
 * Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP
 * 1989; here the variant with 12) in whole numbers with FRACTION bits after the point, where the
 * first of the two directions leaves EXTRA bits to the second. Tables: ITU-T T.81, annex K.
 *
 * LANES blocks are worked on at once, side by side: value (x, y) of theirs is v[SIDE y + x][lane].
 * At the qualities in use most columns of frequencies are zeros: the way back leaves those out. */
#include "jpeg.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "base/wide.h"

enum { SIDE = JPEG_SIDE, LANES = 16, FRACTION = 13, EXTRA = 2, DEPTH_MAX = 255, MIDDLE = 128 };

typedef int32_t lanes[LANES];

#define INLINE static inline __attribute__((always_inline)) /* what vector code is made of */

/* ---- the transforms ---------------------------------------------------------------------------*/

/* A factor of the transforms. */
#define FIXED(x) ((int32_t)((x) * (1 << FRACTION) + 0.5))

/* x / 2^bits, rounded; bits below 0: x 2^-bits */
INLINE int32_t scaled(int32_t x, int bits)
{
    return bits > 0 ? (x + (1 << bits >> 1)) >> bits : x * (1 << -bits);
}

/* What frequencies 2 and 6 take beyond sums: a turn by pi / 8, times sqrt(2). */
INLINE void rotate(int32_t *a, int32_t *b)
{
    int32_t both = (*a + *b) * FIXED(0.541196100);
    *a = both + *a * FIXED(0.765366865);
    *b = both - *b * FIXED(1.847759065);
}

/* The odd half of either transform, which is its own inverse: a to d have to do with frequencies 1,
 * 3, 5, 7 on the one side, with samples 0 to 3 and 7 to 4 on the other. */
INLINE void mix_odd(int32_t *a, int32_t *b, int32_t *c, int32_t *d)
{
    int32_t outer = (*a + *d) * FIXED(0.899976223), inner = (*b + *c) * FIXED(2.562915447);
    int32_t all = (*a + *b + *c + *d) * FIXED(1.175875602);
    int32_t first = all - (*a + *c) * FIXED(0.390180644);
    int32_t second = all - (*b + *d) * FIXED(1.961570560);
    *a = *a * FIXED(1.501321110) - outer + first;
    *b = *b * FIXED(3.072711026) - inner + second;
    *c = *c * FIXED(2.053119869) - inner + first;
    *d = *d * FIXED(0.298631336) - outer + second;
}

/* Eight samples of a line, or their frequencies 0..7. */
typedef struct {
    int32_t at0, at1, at2, at3, at4, at5, at6, at7;
} line;

/* Samples become frequencies, times sqrt(8) 2^-bits. */
INLINE line forward(line x, int bits)
{
    int32_t outer = x.at0 + x.at7 + (x.at3 + x.at4), inner = x.at1 + x.at6 + (x.at2 + x.at5);
    int32_t two = x.at0 + x.at7 - (x.at3 + x.at4), six = x.at1 + x.at6 - (x.at2 + x.at5);
    int32_t one = x.at0 - x.at7, three = x.at1 - x.at6;
    int32_t five = x.at2 - x.at5, seven = x.at3 - x.at4;
    rotate(&two, &six);
    mix_odd(&one, &three, &five, &seven);
    return (line){
        scaled(outer + inner, bits),  scaled(one, FRACTION + bits),
        scaled(two, FRACTION + bits), scaled(three, FRACTION + bits),
        scaled(outer - inner, bits),  scaled(five, FRACTION + bits),
        scaled(six, FRACTION + bits), scaled(seven, FRACTION + bits),
    };
}

/* And back, times sqrt(8) 2^-bits. */
INLINE line inverse(line f, int bits)
{
    int32_t sum = (f.at0 + f.at4) * (1 << FRACTION), difference = (f.at0 - f.at4) * (1 << FRACTION);
    rotate(&f.at2, &f.at6);
    mix_odd(&f.at1, &f.at3, &f.at5, &f.at7);
    int32_t e0 = sum + f.at2, e1 = difference + f.at6, e2 = difference - f.at6, e3 = sum - f.at2;
    bits += FRACTION;
    return (line){
        scaled(e0 + f.at1, bits), scaled(e1 + f.at3, bits), scaled(e2 + f.at5, bits),
        scaled(e3 + f.at7, bits), scaled(e3 - f.at7, bits), scaled(e2 - f.at5, bits),
        scaled(e1 - f.at3, bits), scaled(e0 - f.at1, bits),
    };
}

/* A lane's line, whose values are step apart; those from used on are zero. */
INLINE line load(const lanes *v, int step, int i, int used)
{
    return (line){
        v[0][i],
        v[step][i],
        used > 2 ? v[2 * step][i] : 0,
        used > 2 ? v[3 * step][i] : 0,
        used > 4 ? v[4 * step][i] : 0,
        used > 4 ? v[5 * step][i] : 0,
        used > 4 ? v[6 * step][i] : 0,
        used > 4 ? v[7 * step][i] : 0,
    };
}

INLINE void store(lanes *v, int step, int i, line x)
{
    v[0][i] = x.at0;
    v[step][i] = x.at1;
    v[2 * step][i] = x.at2;
    v[3 * step][i] = x.at3;
    v[4 * step][i] = x.at4;
    v[5 * step][i] = x.at5;
    v[6 * step][i] = x.at6;
    v[7 * step][i] = x.at7;
}

/* One row of a block in 8 bits, as it lies in memory: two words of four samples. */
typedef struct {
    uint32_t left, right;
} packed;

INLINE line unpacked(packed row)
{
    uint32_t left = le32toh(row.left), right = le32toh(row.right);
    return (line){
        (left & 255) - MIDDLE,        (left >> 8 & 255) - MIDDLE, (left >> 16 & 255) - MIDDLE,
        (left >> 24) - MIDDLE,        (right & 255) - MIDDLE,     (right >> 8 & 255) - MIDDLE,
        (right >> 16 & 255) - MIDDLE, (right >> 24) - MIDDLE,
    };
}

INLINE uint32_t clipped(int32_t x)
{
    x += MIDDLE;
    x = x > 0 ? x : 0;
    return (uint32_t)(x < DEPTH_MAX ? x : DEPTH_MAX);
}

INLINE uint32_t four(int32_t a, int32_t b, int32_t c, int32_t d)
{
    return htole32(clipped(a) | clipped(b) << 8 | clipped(c) << 16 | clipped(d) << 24);
}

INLINE void rows_forward(const packed *row, lanes *v)
{
#pragma omp simd
    for (int i = 0; i < LANES; i++)
        store(v, 1, i, forward(unpacked(row[i]), -EXTRA));
}

INLINE void column_forward(lanes *v)
{
#pragma omp simd
    for (int i = 0; i < LANES; i++)
        store(v, SIDE, i, forward(load(v, SIDE, i, SIDE), EXTRA));
}

INLINE void column_inverse(lanes *v, int used)
{
#pragma omp simd
    for (int i = 0; i < LANES; i++)
        store(v, SIDE, i, inverse(load(v, SIDE, i, used), -EXTRA));
}

INLINE void rows_inverse(const lanes *v, packed *row, int used)
{
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        line x = inverse(load(v, 1, i, used), EXTRA + 3);
        row[i].left = four(x.at0, x.at1, x.at2, x.at3);
        row[i].right = four(x.at4, x.at5, x.at6, x.at7);
    }
}

/* ---- quantisation -----------------------------------------------------------------------------*/

/* The steps of luminance, T.81's table K.1, by row: vertical frequency 0 first. */
static const uint8_t luminance[SIDE * SIDE] = {
    16, 11, 10, 16, 24,  40,  51,  61,  /**/ 12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  /**/ 14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  /**/ 24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, /**/ 72, 92, 95, 98, 112, 100, 103, 99,
};

/* The steps at a quality of 1 to 100, as libjpeg scales them: 50 is the table, and 1 to 255 are
 * what a baseline file can hold. */
static void steps_of(int quality, int step[SIDE * SIDE])
{
    int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int i = 0; i < SIDE * SIDE; i++) {
        int scaled = (luminance[i] * percent + 50) / 100;
        step[i] = scaled < 1 ? 1 : scaled < 255 ? scaled : 255;
    }
}

/* A frequency rounded to the nearest multiple of step, halves upwards; the transform gives eight
 * times the frequency. The quotient is a multiple of 1 / (8 step). It is moved to the middle
 * between two such multiples, so that float is exact enough. Adds the set bits to used. */
INLINE void quantise(int32_t *v, int step, int32_t *used)
{
    float scale = 1 / (8.0f * (float)step), half = 0.5f + scale / 2;
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        int32_t size = v[i] < 0 ? -v[i] : v[i];
        int32_t multiple = (int32_t)((float)size * scale + half) * step;
        v[i] = v[i] < 0 ? -multiple : multiple;
        used[i] |= multiple;
    }
}

/* Whether any lane holds one of the bits. */
INLINE bool any(const int32_t *lane, int32_t bits)
{
    int32_t all = 0;
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        all |= lane[i];
    return all & bits;
}

/* Whether a column becomes anything but zeros: most do not. */
INLINE bool remains(const lanes *v, const int *step)
{
    lanes over = {0};
    for (int k = 0; k < SIDE * SIDE; k += SIDE) {
        int32_t limit = 4 * step[k] - 1;
#pragma omp simd
        for (int i = 0; i < LANES; i++)
            over[i] |= limit - (v[k][i] < 0 ? -v[k][i] : v[k][i]);
    }
    return any(over, INT32_MIN);
}

/* ---- blocks -----------------------------------------------------------------------------------*/

/* LANES blocks, row by row; in place */
IR_WIDE static void code_blocks(packed row[SIDE][LANES], const int *step)
{
    lanes v[SIDE * SIDE];
    int wide = 0;
    for (int y = 0; y < SIDE; y++)
        rows_forward(row[y], v + SIDE * y);
    for (int x = 0; x < SIDE; x++) {
        lanes low = {0}, high = {0};
        column_forward(v + x);
        if (!remains(v + x, step + x)) {
            for (int k = x; k < SIDE * SIDE; k += SIDE)
                memset(v[k], 0, sizeof v[k]);
            continue;
        }
        for (int k = x; k < 4 * SIDE; k += SIDE)
            quantise(v[k], step[k], low);
        for (int k = x + 4 * SIDE; k < 8 * SIDE; k += SIDE)
            quantise(v[k], step[k], high);
        if (any(high, -1))
            column_inverse(v + x, 8);
        else
            column_inverse(v + x, 4);
        wide = x + 1;
    }
    for (int y = 0; y < SIDE; y++) {
        if (wide > 4)
            rows_inverse(v + SIDE * y, row[y], 8);
        else if (wide > 2)
            rows_inverse(v + SIDE * y, row[y], 4);
        else
            rows_inverse(v + SIDE * y, row[y], 2);
    }
}

void jpeg_code(uint8_t *sample, int width, int height, int quality)
{
    packed row[SIDE][LANES];
    int step[SIDE * SIDE], across = width / SIDE, blocks = across * (height / SIDE);
    steps_of(quality, step);
    memset(row, 0, sizeof row);
    for (int first = 0; first < blocks; first += LANES) {
        int n = blocks - first < LANES ? blocks - first : LANES;
        uint8_t *corner[LANES];
        for (int i = 0; i < n; i++) {
            int down = (first + i) / across, right = (first + i) % across;
            corner[i] = sample + ((size_t)down * width + right) * SIDE;
        }
        for (int i = 0; i < n; i++)
            for (int y = 0; y < SIDE; y++)
                memcpy(&row[y][i], corner[i] + (size_t)y * width, SIDE);
        code_blocks(row, step);
        for (int i = 0; i < n; i++)
            for (int y = 0; y < SIDE; y++)
                memcpy(corner[i] + (size_t)y * width, &row[y][i], SIDE);
    }
}
