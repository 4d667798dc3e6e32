/* The block function of Philox 4x32-10 for host and device code: see philox.h. */
#ifndef IR_PHILOX_ROUNDS_H
#define IR_PHILOX_ROUNDS_H

#include <stdint.h>

#include "base/host_device.h"

/* Ten rounds, counter in place. Each: two 32 x 32 bit products, their high halves mixed with the
 * other words and the key (Salmon et al. 2011, section 3.2). */
static inline IR_HOST_DEVICE void ir_philox_rounds(uint32_t counter[4], uint32_t key0,
                                                   uint32_t key1)
{
    for (int i = 0; i < 10; i++) {
        const uint64_t product0 = (uint64_t)0xD2511F53 * counter[0];
        const uint64_t product1 = (uint64_t)0xCD9E8D57 * counter[2];
        counter[0] = (uint32_t)(product1 >> 32) ^ counter[1] ^ key0;
        counter[1] = (uint32_t)product1;
        counter[2] = (uint32_t)(product0 >> 32) ^ counter[3] ^ key1;
        counter[3] = (uint32_t)product0;
        key0 += 0x9E3779B9; /* golden ratio */
        key1 += 0xBB67AE85; /* sqrt(3) - 1 */
    }
}

#endif
