/* Dropout. Philox decides by a number's logical index whether it is dropped, so this depends
 * neither on the layout nor on the number of threads. call->saved: a byte a number, 1 where it
 * stays. */
#include <math.h>

#include "base/philox.h"
#include "loops.h"

static void prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    call->saved_bytes = volume(call->shape);
}

/* For some pixels of one channel; first: the logical index of the first of them. */
static void draw(uint8_t *stays, size_t step, size_t first, size_t pixels, const uint32_t key[2],
                 uint64_t below)
{
    uint32_t word[4];
    for (size_t p = 0; p < pixels; p++) {
        const size_t i = first + p;
        if (p == 0 || i % 4 == 0) {
            word[0] = (uint32_t)(i / 4);
            word[1] = word[2] = word[3] = 0;
            ir_philox4x32(word, key);
        }
        stays[p * step] = word[i % 4] >= below;
    }
}

static void draw_part(uint8_t *stays, const ir_call *call, part p, uint64_t below)
{
    const ir_shape s = call->shape;
    const int width = lanes(s.c);
    const size_t image = (size_t)ir_image_of_batch(&call->share, p.image);
    for (int l = 0; l < width; l++) {
        const int c = p.block * width + l;
        const size_t plane_index = image * (size_t)s.c + (size_t)c;
        if (c < s.c)
            draw(stays + l, (size_t)width, plane_index * pixels_of(s) + p.pixel, p.pixels,
                 call->dropout_key, below);
        else
            for (size_t k = 0; k < p.pixels; k++)
                stays[k * (size_t)width + (size_t)l] = 0;
    }
}

static void forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const int count = parts_of(s);
    const float grow = (float)(1 / (1 - call->scale));
    const uint64_t below = (uint64_t)ceil(call->scale * 0x1p32);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const float *x = call->in[0]->value + p.at;
        float *y = call->value + p.at;
        uint8_t *stays = (uint8_t *)call->saved + p.at;
        draw_part(stays, call, p, below);
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            y[k] = stays[k] ? grow * x[k] : 0;
    }
}

static void backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const size_t count = volume(call->shape);
    const float grow = (float)(1 / (1 - call->scale));
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
    const uint8_t *stays = call->saved;
    const float *dy = call->grad;
    float *dx = call->in[0]->grad;
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++)
        dx[i] = grad_of(dx[i], stays[i] ? grow * dy[i] : 0, add);
}

const ir_op_table IR_NAME(ir_cpu_dropout) = {
    .prepare = prepare, .forward = forward, .backward = backward};
