/* What the loops of this directory share: how tensors are cut into parts, sums, gradients.
 *
 * A part is a fixed number of neighbouring pixels in one block of channels of one image. It does
 * not depend on the number of threads: sums are made per part, then over the parts in order. */
#ifndef IR_LOOPS_H
#define IR_LOOPS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

enum {
    PART = 2048,      /* pixels of a part */
    CHUNK = 256,      /* groups of B floats that are summed in single precision */
    WIDE = 4 * B,     /* that many sums at once hide the latency of an addition */
    ROW = 64,         /* pixels whose channels are summed together */
    SMALL = 16 * 1024 /* floats below which starting threads costs more than it saves */
};

typedef struct {
    int image, block;
    size_t pixel, pixels; /* first pixel within the plane, how many */
    size_t at, floats;    /* the same within the tensor, in floats */
} part;

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}
static inline size_t pixels_of(ir_shape s)
{
    return (size_t)s.h * (size_t)s.w;
}
static inline int parts_of_plane(ir_shape s)
{
    return (int)((pixels_of(s) + PART - 1) / PART);
}
static inline int parts_of(ir_shape s)
{
    return s.n * blocks(s.c) * parts_of_plane(s);
}
static inline bool is_small(ir_shape s)
{
    return volume(s) < SMALL;
}

/* Parts are counted by image, then block, then pixels. */
static inline part part_at(ir_shape s, int i)
{
    const int per = parts_of_plane(s), index = i / per;
    part p = {.image = index / blocks(s.c), .block = index % blocks(s.c)};
    p.pixel = (size_t)(i % per) * PART;
    p.pixels = smaller(PART, pixels_of(s) - p.pixel);
    p.at = (size_t)index * plane(s) + p.pixel * (size_t)lanes(s.c);
    p.floats = p.pixels * (size_t)lanes(s.c);
    return p;
}

/* Where in a tensor channel c of an image has its first pixel; pixels are lanes(s.c) apart. */
static inline size_t channel_at(ir_shape s, int image, int c)
{
    const int width = lanes(s.c);
    return (size_t)(image * blocks(s.c) + c / width) * plane(s) + (size_t)(c % width);
}

/* What a gradient becomes when the value is written to it, or added. */
static inline float grad_of(float old, float value, bool add)
{
    return add ? old + value : value;
}

/* Leaky ReLU and its derivative; slope 1 is the identity. As in PyTorch, 0 belongs to the slope.
 * The compiler vectorises a product with a chosen factor, but no choice between two products. */
static inline float rectify(float x, float slope)
{
    return x * (x > 0 ? 1 : slope);
}
static inline float rectify_grad(float y, float slope, float dy)
{
    return dy * (y > 0 ? 1 : slope);
}
static inline float slope_of(ir_activation a)
{
    return a.on ? a.slope : 1;
}

/* exp(x), with x limited to +-87. x = n log 2 + r with |r| <= log(2)/2; exp(r) is its series to the
 * power of 7, whose rest is below 6e-9; 2^n is made of its exponent bits. Unlike expf(), this is
 * vectorised. */
static inline float exponential(float x)
{
    const float above = x < -87 ? -87 : x;
    x = above > 87 ? 87 : above;
    const float log2_high = 0x1.62ep-1f, log2_low = 0x1.0bfbe8p-15f; /* their sum is log 2 */
    const float magic = 0x1.8p23f; /* adding it rounds to an integer */
    const float shifted = x * 0x1.715476p+0f + magic, n = shifted - magic;
    const float r = (x - n * log2_high) - n * log2_low;
    float e = 1 / 5040.0f;
    e = e * r + 1 / 720.0f;
    e = e * r + 1 / 120.0f;
    e = e * r + 1 / 24.0f;
    e = e * r + 1 / 6.0f;
    e = e * r + 0.5f;
    e = e * r + 1;
    e = e * r + 1;
    union {
        uint32_t bits;
        float value;
    } power = {.bits = (uint32_t)((int32_t)n + 127) << 23};
    return e * power.value;
}

static inline float sigmoid_of(float x)
{
    return 1 / (1 + exponential(-x));
}

/* Adds to sum[l] every B-th float from x[l] on. For a blocked part this is one sum a channel, for a
 * plane the total in B pieces. Within a chunk in single precision, over the chunks in double. */
static inline void add_lanes(const float *x, size_t floats, double sum[B])
{
    while (floats >= B) {
        float wide[WIDE] = {0};
        const size_t take = smaller(floats / B, CHUNK) * B;
        size_t i = 0;
        for (; i + WIDE <= take; i += WIDE)
#pragma omp simd
            for (int l = 0; l < WIDE; l++)
                wide[l] += x[i + (size_t)l];
        for (; i < take; i += B)
#pragma omp simd
            for (int l = 0; l < B; l++)
                wide[l] += x[i + (size_t)l];
        for (int l = 0; l < B; l++)
            sum[l] += (wide[l] + wide[B + l]) + (wide[2 * B + l] + wide[3 * B + l]);
        x += take;
        floats -= take;
    }
    for (size_t l = 0; l < floats; l++)
        sum[l] += x[l];
}

/* Adds up, in order, the sums of one plane's parts (B each, made by add_lanes). For a tensor of one
 * channel, sum[0] is the total. */
static inline void total_of_plane(const double *parts, ir_shape s, int index, double sum[B])
{
    const int per = parts_of_plane(s);
    for (int l = 0; l < B; l++)
        sum[l] = 0;
    for (int i = 0; i < per; i++)
        for (int l = 0; l < B; l++)
            sum[l] += parts[((size_t)index * (size_t)per + (size_t)i) * B + (size_t)l];
    if (s.c == 1)
        for (int l = 1; l < B; l++)
            sum[0] += sum[l];
}

/* sum += x over the first `real` lanes of each pixel. */
static inline void add_channels(float *sum, const float *x, size_t pixels, int real)
{
    for (size_t p = 0; p < pixels; p++)
#pragma omp simd
        for (int l = 0; l < B; l++)
            sum[p * B + (size_t)l] += l < real ? x[p * B + (size_t)l] : 0;
}

/* total[p] = the sum of pixel p's lanes. */
static inline void total_lanes(float total[ROW], const float sum[ROW * B])
{
#pragma omp simd
    for (int p = 0; p < ROW; p++) {
        float t = 0;
        for (int l = 0; l < B; l++)
            t += sum[p * B + l];
        total[p] = t;
    }
}

/* Where a lane's values come from: value[0], value[step], ...; NULL: zeros. */
typedef struct {
    const float *value;
    size_t step;
} lane_source;

/* `to` has pixels of `width` lanes. from[l].value[p * from[l].step] is written or added to lane l
 * of pixel p. */
void IR_NAME(ir_cpu_gather_lanes)(float *to, int width, const lane_source *from, size_t pixels,
                                  bool add);
/* Copies each lane of a block to a plane of its own. */
void IR_NAME(ir_cpu_lanes_to_planes)(float *const to[B], const float *from, size_t pixels);
/* The same for two blocks: in the planes the numbers of the first and the second alternate. */
void IR_NAME(ir_cpu_lanes_to_pairs)(float *const to[B], const float *first, const float *second,
                                    size_t pixels);

#endif
