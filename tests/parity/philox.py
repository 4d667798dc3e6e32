"""The programs' random numbers once more: Philox 4x32-10 keyed by seed, purpose, item and occurrence,
as common/base/philox.h describes them."""

import math

MASK32, MASK64 = 2**32 - 1, 2**64 - 1


def mix(z):
    """SplitMix64's finalizer."""
    z = (z + 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK64
    return z ^ z >> 31


def mix_string(value, text):
    for byte in text.encode():
        value = mix(value ^ byte)
    return mix(value ^ 0x100)


class Rng:
    def __init__(self, seed, purpose, item, occurrence=0):
        key = mix_string(mix(seed), purpose)
        place = mix(mix_string(0, item) ^ mix(occurrence))
        self.key = key & MASK32, key >> 32
        self.counter = [0, 0, place & MASK32, place >> 32]
        self.block = []
        self.spare = None

    def u32(self):
        if not self.block:
            w0, w1, w2, w3 = self.counter
            k0, k1 = self.key
            for _ in range(10):
                p0, p1 = 0xD2511F53 * w0, 0xCD9E8D57 * w2
                w0, w1, w2, w3 = p1 >> 32 ^ w1 ^ k0, p1 & MASK32, p0 >> 32 ^ w3 ^ k1, p0 & MASK32
                k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
            self.block = [w0, w1, w2, w3]
            self.counter[0] += 1
        return self.block.pop(0)

    def uniform(self):
        high = self.u32() >> 5
        return (high << 26 | self.u32() >> 6) * 2.0**-53

    def below(self, n):
        while True:
            product = self.u32() * n
            if product & MASK32 >= 2**32 % n:
                return product >> 32

    def normal(self):
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        angle = 2 * math.pi * self.uniform()
        self.spare = radius * math.sin(angle)
        return radius * math.cos(angle)
