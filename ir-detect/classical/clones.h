/* Loops over elements are compiled for several instruction sets; the program takes the best that
 * the processor has. */
#ifndef IR_DETECT_CLONES_H
#define IR_DETECT_CLONES_H

/* ThreadSanitizer starts after the choice. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

#endif
