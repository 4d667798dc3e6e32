/* Copies between N x C x H x W floats and the device's layout, both in host memory. */
#include <string.h>

#include "device.h"

static uint16_t to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);                    /* NaN stays NaN */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); /* nearest, ties to even */
}

static float from_bf16(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void store(void *to, size_t i, float value)
{
    if (sizeof(real) == sizeof value)
        static_cast<float *>(to)[i] = value;
    else
        static_cast<uint16_t *>(to)[i] = to_bf16(value);
}

static float load(const void *from, size_t i)
{
    if (sizeof(real) == sizeof(float))
        return static_cast<const float *>(from)[i];
    return from_bf16(static_cast<const uint16_t *>(from)[i]);
}

/* Whether the host's floats and the device's numbers are the same bytes. */
static bool same_layout(ir_shape s)
{
    return sizeof(real) == sizeof(float) && s.c == 1;
}

void IR_NAME(ir_cuda_from_host)(void *nhwc, const float *nchw, ir_shape s)
{
    const size_t pixels = pixels_of(s), channels = (size_t)s.c;
    if (same_layout(s)) {
        memcpy(nhwc, nchw, (size_t)s.n * pixels * sizeof *nchw);
        return;
    }
    for (size_t n = 0; n < (size_t)s.n; n++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++)
                store(nhwc, (n * pixels + p) * channels + c, nchw[(n * channels + c) * pixels + p]);
}

void IR_NAME(ir_cuda_to_host)(float *nchw, const void *nhwc, ir_shape s)
{
    const size_t pixels = pixels_of(s), channels = (size_t)s.c;
    if (same_layout(s)) {
        memcpy(nchw, nhwc, (size_t)s.n * pixels * sizeof *nchw);
        return;
    }
    for (size_t n = 0; n < (size_t)s.n; n++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++)
                nchw[(n * channels + c) * pixels + p] = load(nhwc, (n * pixels + p) * channels + c);
}
