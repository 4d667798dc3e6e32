/* Convolutions of bfloat16: see bf16.h. */
#include "bf16.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "loops.h"

struct bf16_conv {
    ir_shape src, dst;   /* whole batches */
    ir_dnn_conv *image;  /* forward and data: one image at a time, which stays in the cache */
    ir_dnn_conv *batch;  /* the weights' gradient, a sum over all images */
    unsigned directions; /* those of both */
    size_t weights;      /* how many, padded */
};

/* ---- numbers and layouts ---- */

typedef union {
    float value;
    uint32_t bits;
} word;

/* The upper half of a float: rounded to the nearest, ties to even. A NaN stays one. */
static inline uint16_t upper_half(float x)
{
    const word w = {.value = x};
    const uint32_t rounded = w.bits + 0x7fff + (w.bits >> 16 & 1);
    return (uint16_t)((x == x ? rounded : w.bits | 0x400000) >> 16);
}

void bf16_round(float *to, const float *from, size_t count)
{
#pragma omp parallel for simd schedule(static) if (count >= SMALL)
    for (size_t i = 0; i < count; i++)
        to[i] = (word){.bits = (uint32_t)upper_half(from[i]) << 16}.value;
}

/* Copies one image of a blocked tensor to H,W,C. */
static void to_pixels(ir_shape s, const float *blocked, uint16_t *pixels)
{
    const size_t nb = (size_t)blocks(s.c), width = (size_t)s.w;
#pragma omp parallel for schedule(static) if (plane(s) * nb >= SMALL)
    for (int y = 0; y < s.h; y++) {
        for (size_t k = 0; k < nb; k++) {
            const float *from = blocked + k * plane(s) + (size_t)y * width * B;
            uint16_t *to = pixels + ((size_t)y * width * nb + k) * B;
            for (size_t x = 0; x < width; x++)
#pragma omp simd
                for (size_t l = 0; l < B; l++)
                    to[x * nb * B + l] = upper_half(from[x * B + l]);
        }
    }
}

/* And back, in single precision. */
static void from_pixels(ir_shape s, const float *pixels, bool add, float *blocked)
{
    const size_t nb = (size_t)blocks(s.c), width = (size_t)s.w;
#pragma omp parallel for schedule(static) if (plane(s) * nb >= SMALL)
    for (int y = 0; y < s.h; y++) {
        for (size_t k = 0; k < nb; k++) {
            const float *from = pixels + ((size_t)y * width * nb + k) * B;
            float *to = blocked + k * plane(s) + (size_t)y * width * B;
            for (size_t x = 0; x < width; x++)
#pragma omp simd
                for (size_t l = 0; l < B; l++)
                    to[x * B + l] = grad_of(to[x * B + l], from[x * nb * B + l], add);
        }
    }
}

/* ---- the convolution ---- */

bool bf16_suits(const convolution *what)
{
    enum { FEWEST_PIXELS = 64, FEWEST_PRODUCTS = 9 * 16 * 16 };
    const long products = (long)what->kernel * what->kernel * what->src.c * what->dst.c;

    return !what->depthwise && what->src.c > 1 && what->dst.c > 1 && products >= FEWEST_PRODUCTS &&
           (long)what->dst.h * what->dst.w >= FEWEST_PIXELS;
}

bf16_conv *bf16_new(ir_backend *b, const convolution *what, const ir_dnn_shape *shape,
                    unsigned directions)
{
    ir_dnn *dnn = ((ir_cpu *)b)->dnn;
    const unsigned each = directions & ~(unsigned)IR_DNN_WEIGHTS;
    ir_dnn_shape batch = *shape, image;
    bf16_conv *c;
    batch.bf16 = true;
    image = batch;
    image.n = 1;
    if (!ir_dnn_has_bf16(dnn, &image, each) ||
        !ir_dnn_has_bf16(dnn, &batch, directions & IR_DNN_WEIGHTS))
        return NULL;
    c = ir_calloc(1, sizeof *c);
    c->src = what->src;
    c->dst = what->dst;
    c->directions = directions;
    c->weights = (size_t)image.oc * (size_t)image.ic * (size_t)(what->kernel * what->kernel);
    if (each)
        c->image = ir_dnn_conv_new(dnn, &image, each);
    if (directions & IR_DNN_WEIGHTS)
        c->batch = ir_dnn_conv_new(dnn, &batch, IR_DNN_WEIGHTS);
    return c;
}

void bf16_free(bf16_conv *c)
{
    if (!c)
        return;
    ir_dnn_conv_free(c->image);
    ir_dnn_conv_free(c->batch);
    free(c);
}

size_t bf16_packed_bytes(const bf16_conv *c)
{
    size_t bytes = 0;
    if (c->directions & IR_DNN_FORWARD)
        bytes += c->weights * sizeof(uint16_t);
    if (c->directions & IR_DNN_DATA)
        bytes += c->weights * sizeof(uint16_t);
    return bytes + (c->batch ? c->weights * sizeof(float) : 0);
}

/* Numbers of one image. */
static size_t image_of(ir_shape s)
{
    return (size_t)blocks(s.c) * plane(s);
}

/* Whether the result needs a buffer: with one block, H,W,C is the blocked layout already. */
static bool needs_place(ir_shape out, bool add)
{
    return add || blocks(out.c) > 1;
}

size_t bf16_scratch_bytes(const bf16_conv *c)
{
    const size_t src = image_of(c->src), dst = image_of(c->dst), n = (size_t)c->src.n;
    const size_t forward = src * sizeof(uint16_t) + dst * sizeof(float);
    const size_t data = dst * sizeof(uint16_t) + src * sizeof(float);
    const size_t gradient = n * (src + dst) * sizeof(uint16_t);
    size_t most = 0;
    if (c->directions & IR_DNN_FORWARD)
        most = forward;
    if (c->directions & IR_DNN_DATA && data > most)
        most = data;
    if (c->batch && gradient + src * sizeof(float) > most)
        most = gradient + src * sizeof(float);
    return most;
}

void bf16_set_weights(bf16_conv *c, const float *padded)
{
    if (c->image)
        ir_dnn_conv_set_weights(c->image, padded);
}

void bf16_forward(bf16_conv *c, const float *src, const float *bias, float *dst, void *scratch)
{
    const bool moved = needs_place(c->dst, false);
    uint16_t *in = (void *)((float *)scratch + (moved ? image_of(c->dst) : 0));
    for (int i = 0; i < c->src.n; i++) {
        float *image = dst + (size_t)i * image_of(c->dst), *out = moved ? scratch : image;
        to_pixels(c->src, src + (size_t)i * image_of(c->src), in);
        ir_dnn_conv_forward(c->image, in, bias, out);
        if (moved)
            from_pixels(c->dst, out, false, image);
    }
}

/* to_pixels() for all images. */
static void batch_to_pixels(ir_shape s, const float *blocked, uint16_t *pixels)
{
    for (int i = 0; i < s.n; i++)
        to_pixels(s, blocked + (size_t)i * image_of(s), pixels + (size_t)i * image_of(s));
}

/* made: diff_dst as pixels; if NULL, `pixels` is a buffer for one image of it. place: a buffer for
 * one image's result. */
static void backward_data(bf16_conv *c, const float *diff_dst, const uint16_t *made,
                          uint16_t *pixels, float *place, bool add, float *diff_src)
{
    const bool moved = needs_place(c->src, add);
    for (int i = 0; i < c->src.n; i++) {
        const size_t from = (size_t)i * image_of(c->dst);
        float *image = diff_src + (size_t)i * image_of(c->src), *out = moved ? place : image;
        if (!made)
            to_pixels(c->dst, diff_dst + from, pixels);
        ir_dnn_conv_backward_data(c->image, made ? made + from : pixels, out);
        if (moved)
            from_pixels(c->src, out, add, image);
    }
}

void bf16_backward(bf16_conv *c, const float *src, const float *diff_dst, float *padded,
                   float *diff_src, bool add, void *scratch)
{
    float *place = scratch;
    uint16_t *out = (void *)(place + image_of(c->src));
    uint16_t *in = out + (size_t)c->dst.n * image_of(c->dst);
    if (padded) {
        batch_to_pixels(c->src, src, in);
        batch_to_pixels(c->dst, diff_dst, out);
        ir_dnn_conv_backward_weights(c->batch, in, out, padded);
    }
    if (diff_src)
        backward_data(c, diff_dst, padded ? out : NULL, out, place, add, diff_src);
}
