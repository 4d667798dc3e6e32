/* IR_WIDE builds a function for wider vectors too; the program chooses when it starts. Every
 * version does the same operations in the same order (no fused multiply-add), so the results do not
 * depend on the processor. */
#ifndef IR_WIDE_H
#define IR_WIDE_H

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define IR_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define IR_WIDE
#endif

#endif
