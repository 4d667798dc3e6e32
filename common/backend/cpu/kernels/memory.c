/* Copies between the host's N x C x H x W arrays and the backend's layout. */
#include "loops.h"

void IR_NAME(ir_cpu_put)(ir_backend *b, const ir_call *call, void *tensor, const float *nchw)
{
    (void)b;
    const ir_shape s = call->shape;
    const int c = s.c, count = parts_of(s), width = lanes(c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        lane_source from[B] = {0};
        for (int l = 0; l < width && p.block * width + l < c; l++) {
            const size_t index = (size_t)p.image * (size_t)c + (size_t)(p.block * width + l);
            from[l] = (lane_source){nchw + index * pixels_of(s) + p.pixel, 1};
        }
        IR_NAME(ir_cpu_gather_lanes)((float *)tensor + p.at, width, from, p.pixels, false);
    }
}

void IR_NAME(ir_cpu_get)(ir_backend *b, const ir_call *call, const void *tensor, float *nchw)
{
    (void)b;
    const ir_shape s = call->shape;
    const int c = s.c, count = parts_of(s), width = lanes(c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        for (int l = 0; l < width && p.block * width + l < c; l++) {
            const size_t index = (size_t)p.image * (size_t)c + (size_t)(p.block * width + l);
            const lane_source from = {(const float *)tensor + p.at + l, (size_t)width};
            IR_NAME(ir_cpu_gather_lanes)
            (nchw + index * pixels_of(s) + p.pixel, 1, &from, p.pixels, false);
        }
    }
}
