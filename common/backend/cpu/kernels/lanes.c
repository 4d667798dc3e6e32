/* Gathers channels from anywhere into the lanes of a block, and spreads the lanes of a block over
 * planes. */
#include "loops.h"
#include "pixel.h"

static const float zeros[B];

/* Copies or adds neighbouring lanes whose sources are neighbours too. */
static inline void copy_run(float *to, size_t width, lane_source from, size_t pixels, int count,
                            bool add)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (size_t l = 0; l < (size_t)count; l++)
            to[p * width + l] = grad_of(to[p * width + l], from.value[p * from.step + l], add);
}

/* ---- whole blocks: transpositions of B x B numbers at a time ------------------------------------
 *
 * Plain loops are faster on instruction sets without fast shuffles of B numbers. */

#if defined __AVX512F__
enum { TILES_IN = true, TILES_OUT = true };
#elif defined __AVX2__
enum { TILES_IN = false, TILES_OUT = true };
#else
enum { TILES_IN = false, TILES_OUT = false };
#endif

/* B numbers: neighbours in a plane (step 1), or every second number (step 2). With step 2 it reads
 * 2 B numbers and needs 2 B - 1. */
INLINE void take_from_plane(pixel *y, const float *x, size_t step)
{
    const pixel_choice lane = {IR_LANES};
    pixel more;
    load_pixel(y, x);
    if (step == 1)
        return;
    load_pixel(&more, x + B);
    *y = __builtin_shuffle(*y, more, 2 * lane);
}

INLINE void put_tile(float *to, const lane_source *from, size_t p, size_t step, bool add)
{
    pixel tile[B];
    for (int l = 0; l < B; l++)
        take_from_plane(&tile[l], from[l].value + p * step, step);
    transpose_tile(tile);
    for (size_t i = 0; i < B; i++) {
        pixel *y = (pixel *)(to + (p + i) * B);
        *y = add ? *y + tile[i] : tile[i];
    }
}

/* Planes (step 1), or one half of planes of complex numbers (step 2), to lanes. */
INLINE void transpose(float *to, const lane_source *from, size_t pixels, size_t step, bool add)
{
    const float *value[B];
    size_t done = 0;
    for (; TILES_IN && done + B < pixels; done += B)
        put_tile(to, from, done, step, add);
    for (int l = 0; l < B; l++)
        value[l] = from[l].value;
#pragma omp simd
    for (size_t p = done; p < pixels; p++)
        for (size_t l = 0; l < B; l++)
            to[p * B + l] = grad_of(to[p * B + l], value[l][p * step], add);
}

static void transpose_or_add(float *to, const lane_source *from, size_t pixels, size_t step,
                             bool add)
{
    if (step == 1 && add)
        transpose(to, from, pixels, 1, true);
    else if (step == 1)
        transpose(to, from, pixels, 1, false);
    else if (add)
        transpose(to, from, pixels, 2, true);
    else
        transpose(to, from, pixels, 2, false);
}

void IR_NAME(ir_cpu_lanes_to_planes)(float *const to[B], const float *from, size_t pixels)
{
    size_t done = 0;
    for (; TILES_OUT && done + B <= pixels; done += B) {
        pixel tile[B];
        for (size_t i = 0; i < B; i++)
            tile[i] = *(const pixel *)(from + (done + i) * B);
        transpose_tile(tile);
        for (int l = 0; l < B; l++)
            store_pixel(to[l] + done, &tile[l]);
    }
    for (size_t l = 0; l < B; l++)
        for (size_t p = done; p < pixels; p++)
            to[l][p] = from[p * B + l];
}

void IR_NAME(ir_cpu_lanes_to_pairs)(float *const to[B], const float *first, const float *second,
                                    size_t pixels)
{
    const pixel_choice lane = {IR_LANES}, pair = lane / 2 + (lane % 2) * B;
    size_t done = 0;
    for (; TILES_OUT && done + B <= pixels; done += B) {
        pixel a[B], b[B];
        for (size_t i = 0; i < B; i++) {
            a[i] = *(const pixel *)(first + (done + i) * B);
            b[i] = *(const pixel *)(second + (done + i) * B);
        }
        transpose_tile(a);
        transpose_tile(b);
        for (int l = 0; l < B; l++) {
            const pixel low = __builtin_shuffle(a[l], b[l], pair);
            const pixel high = __builtin_shuffle(a[l], b[l], pair + B / 2);
            store_pixel(to[l] + 2 * done, &low);
            store_pixel(to[l] + 2 * done + B, &high);
        }
    }
    for (size_t l = 0; l < B; l++)
        for (size_t p = done; p < pixels; p++) {
            to[l][2 * p] = first[p * B + l];
            to[l][2 * p + 1] = second[p * B + l];
        }
}

/* ---- gathering --------------------------------------------------------------------------------*/

static bool all_step(const lane_source *from, size_t step)
{
    for (int l = 0; l < B; l++)
        if (!from[l].value || from[l].step != step)
            return false;
    return true;
}

/* How many lanes, from the first on, copy_run() can take together. */
static int run_length(const lane_source *from, int width)
{
    int count = 1;
    while (count < width && from[count].step == from[0].step &&
           (from[0].value ? from[count].value == from[0].value + count : !from[count].value))
        count++;
    return count;
}

void IR_NAME(ir_cpu_gather_lanes)(float *to, int width, const lane_source *from, size_t pixels,
                                  bool add)
{
    for (size_t step = 1; step <= 2 && width == B; step++)
        if (all_step(from, step)) {
            transpose_or_add(to, from, pixels, step, add);
            return;
        }
    const size_t w = (size_t)width;
    for (int l = 0, count; l < width; l += count) {
        const lane_source run = from[l].value ? from[l] : (lane_source){zeros, 0};
        count = run_length(from + l, width - l);
        if (count == B)
            copy_run(to + l, w, run, pixels, B, add);
        else if (count == B / 2)
            copy_run(to + l, w, run, pixels, B / 2, add);
        else if (count == B / 4)
            copy_run(to + l, w, run, pixels, B / 4, add);
        else if (count == 1)
            copy_run(to + l, w, run, pixels, 1, add);
        else
            copy_run(to + l, w, run, pixels, count, add);
    }
}
