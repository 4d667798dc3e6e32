/* Putting channels from anywhere into the lanes of a block. */
#include "loops.h"

static const float zeros[B];

/* Lanes whose sources lie side by side move together. */
static inline void copy_run(float *to, size_t width, lane_source from, size_t pixels, int count,
                            bool add)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (size_t l = 0; l < (size_t)count; l++)
            to[p * width + l] = grad_of(to[p * width + l], from.value[p * from.step + l], add);
}

/* The whole lanes of planes (step 1) or of complex planes (step 2): a transposition. */
static inline void transpose(float *to, const lane_source *from, size_t pixels, size_t step,
                             bool add)
{
    const float *value[B];
    for (int l = 0; l < B; l++)
        value[l] = from[l].value;
#pragma omp simd
    for (size_t p = 0; p < pixels; p++)
        for (size_t l = 0; l < B; l++)
            to[p * B + l] = grad_of(to[p * B + l], value[l][p * step], add);
}

static bool all_step(const lane_source *from, size_t step)
{
    for (int l = 0; l < B; l++)
        if (!from[l].value || from[l].step != step)
            return false;
    return true;
}

/* How many lanes from the first on make a run. */
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
    if (width == B && all_step(from, 1)) {
        transpose(to, from, pixels, 1, add);
        return;
    }
    if (width == B && all_step(from, 2)) {
        transpose(to, from, pixels, 2, add);
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
