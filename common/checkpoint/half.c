/* Half precision to and from single precision, in plain C: a compiler that has a type for it need
 * not have it on every processor. A million numbers take some milliseconds. */
#include "checkpoint/half.h"

#include <math.h>
#include <string.h>

enum {
    FRACTION = 10,                   /* bits */
    DROPPED = 23 - FRACTION,         /* bits of a float's fraction that a half lacks */
    REBIAS = (127 - 15) << FRACTION, /* between the two kinds of exponent, where a half has its */
    INFINITE = 0x1f << FRACTION,
    SIGN = 0x8000
};
static const float smallest_normal = 0x1p-14f, subnormals_per_one = 0x1p24f;

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Without the sign. */
static uint32_t magnitude(float value)
{
    const uint32_t bits = bits_of(fabsf(value));
    const uint32_t up_to_half = (1u << (DROPPED - 1)) - 1, is_odd = bits >> DROPPED & 1;
    if (isnan(value)) {
        const uint32_t payload = bits >> DROPPED & ((1u << FRACTION) - 1);
        return INFINITE | payload | (payload == 0);
    }
    /* exact but for lrintf(), which rounds to even; the largest round up to the smallest normal */
    if (fabsf(value) < smallest_normal)
        return (uint32_t)lrintf(fabsf(value) * subnormals_per_one);
    /* a carry out of the fraction is the next exponent's */
    const uint32_t rounded = ((bits + up_to_half + is_odd) >> DROPPED) - REBIAS;
    return rounded < INFINITE ? rounded : INFINITE;
}

uint16_t ir_half_from_float(float value)
{
    return (uint16_t)(magnitude(value) | (signbit(value) ? SIGN : 0));
}

float ir_half_to_float(uint16_t half)
{
    const uint32_t size = half & (SIGN - 1u);
    float value;
    if (size < 1u << FRACTION) {
        value = (float)size / subnormals_per_one;
    } else {
        /* an exponent of ones becomes one of ones */
        const uint32_t bias = size < INFINITE ? REBIAS : 2 * REBIAS;
        const uint32_t bits = (size + bias) << DROPPED;
        memcpy(&value, &bits, sizeof value);
    }
    return half & SIGN ? -value : value;
}
