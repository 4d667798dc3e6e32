/* Reductions over the channels of a pixel, and maxima with their positions. */
#ifndef IR_LANES_H
#define IR_LANES_H

#include "device.h"

/* ---- the greatest number so far and its position ----------------------------------------------
 */

static const unsigned NOWHERE = 0xffffffffu;

struct __align__(8) peak
{
    float value;
    unsigned at;
};

/* Of equals the first by position wins, in whatever order they come; anything beats NOWHERE. */
static __device__ __forceinline__ peak join(peak a, peak b)
{
    const bool other = a.at == NOWHERE || b.value > a.value || (b.value == a.value && b.at < a.at);
    return other ? b : a;
}
static __device__ __forceinline__ float join(float a, float b)
{
    return a + b;
}

/* ---- over channels ----------------------------------------------------------------------------
 *
 * A pixel's channels lie side by side. Neighbouring threads, its `lanes`, read neighbouring
 * channels and then join their results by shuffles. Eight lanes read whole sectors of memory. More
 * of them cost more shuffles, so there are more only for many channels. */

static inline unsigned lanes_for(unsigned channels)
{
    unsigned lanes = 1;
    while (lanes < 32 && (lanes < 8 ? lanes : 4 * lanes) < channels)
        lanes *= 2;
    return lanes;
}

/* The value that the lane so many further on has. */
static __device__ __forceinline__ float from_lane(float x, unsigned further)
{
    return __shfl_down_sync(0xffffffffu, x, further);
}
static __device__ __forceinline__ peak from_lane(peak x, unsigned further)
{
    return {__shfl_down_sync(0xffffffffu, x.value, further),
            __shfl_down_sync(0xffffffffu, x.at, further)};
}

/* EACH pixels for each group of lanes; the first lane of a group ends with the result. All threads
 * take part in the shuffles: those beyond the end read the last pixel. */
template <class T, class F, class D, class W>
static __global__ void __launch_bounds__(BLOCK)
    join_kernel(unsigned pixels, unsigned channels, unsigned lanes, T nothing, F term, D done,
                W also)
{
    const unsigned lane = threadIdx.x % lanes, groups = BLOCK / lanes;
    const unsigned first = blockIdx.x * groups * (unsigned)EACH + threadIdx.x / lanes;
    T total[EACH];
#pragma unroll
    for (int k = 0; k < EACH; k++)
        total[k] = nothing;
    for (unsigned c = lane; c < channels; c += lanes) {
#pragma unroll
        for (int k = 0; k < EACH; k++)
            total[k] = join(total[k], term(min(first + (unsigned)k * groups, pixels - 1), c));
#pragma unroll
        for (int k = 0; k < EACH; k++)
            if (first + (unsigned)k * groups < pixels)
                also(first + (unsigned)k * groups, c);
    }
    for (unsigned half = lanes / 2; half > 0; half /= 2) {
#pragma unroll
        for (int k = 0; k < EACH; k++)
            total[k] = join(total[k], from_lane(total[k], half));
    }
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const unsigned pixel = first + (unsigned)k * groups;
        if (lane == 0 && pixel < pixels)
            done(pixel, total[k]);
    }
}

/* For each pixel it joins term(pixel, channel) over the channels, in a fixed order, calls
 * done(pixel, result), and calls also(pixel, channel) once for each channel. join(nothing, x) is x.
 */
template <class T, class F, class D, class W = nothing_else>
static void join_channels(ir_cuda *cuda, unsigned pixels, unsigned channels, T nothing, F term,
                          D done, W also = {})
{
    const unsigned lanes = lanes_for(channels);
    launch(cuda, join_kernel<T, F, D, W>, dim3(blocks_for(pixels, BLOCK / lanes * EACH)), pixels,
           channels, lanes, nothing, term, done, also);
}

#endif
