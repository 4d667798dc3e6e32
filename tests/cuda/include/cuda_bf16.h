/* The emulated bfloat16: the upper half of a float, rounded to nearest, ties to even. */
#ifndef EMULATED_CUDA_BF16_H
#define EMULATED_CUDA_BF16_H

#include "cuda_runtime.h"

struct __align__(2) __nv_bfloat16
{
    unsigned short bits;
};
typedef __nv_bfloat16 nv_bfloat16;

struct __align__(4) __nv_bfloat162
{
    __nv_bfloat16 x, y;
};
typedef __nv_bfloat162 nv_bfloat162;

static inline __nv_bfloat16 __float2bfloat16(float value)
{
    const unsigned int bits = __float_as_uint(value);
    if (std::isnan(value))
        return {0x7fff};
    return {(unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

static inline __nv_bfloat16 __float2bfloat16_rn(float value)
{
    return __float2bfloat16(value);
}

static inline float __bfloat162float(__nv_bfloat16 value)
{
    return __uint_as_float((unsigned int)value.bits << 16);
}

static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value)
{
    return value.bits;
}

static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits)
{
    return {bits};
}

#endif
