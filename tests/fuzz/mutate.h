/* What the mutators share. They are linked into the fuzzers alone. */
#ifndef IR_FUZZ_MUTATE_H
#define IR_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own mutation, in place; returns the new size, at most most. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
/* What libFuzzer calls instead. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* The next of a sequence of pseudo-random numbers below n. */
static inline size_t below(unsigned *state, size_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

#endif
