/* IEEE 754's half precision (binary16): 1 bit of sign, 5 of exponent, 10 of fraction. */
#ifndef IR_HALF_H
#define IR_HALF_H

#include <stdint.h>

/* Rounds to the nearest half, ties to even; 65520 and above become infinity; a NaN stays NaN. */
uint16_t ir_half_from_float(float value);
/* Exact: every half is a float. */
float ir_half_to_float(uint16_t half);

#endif
