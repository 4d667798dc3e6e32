/* Code that ends the program when its input is bad, run so that the program goes on.
 *
 * The fuzz targets are linked with the names of contain.c and files.c in the place of ir_die() and
 * its kin, of malloc() and free(), of opening and closing files (the linker's --wrap). Within
 * contain() a call of ir_die() comes back to the caller, all files are closed and all memory is
 * freed by then. A run that ends by itself and has not freed its memory is a fault: it aborts. */
#ifndef IR_FUZZ_CONTAIN_H
#define IR_FUZZ_CONTAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True: run came back. False: it died; contained_message() says why. Not to be nested. */
bool contain(void (*run)(void *), void *context);
bool containing(void);
const char *contained_message(void);

/* Not a program's end but a fault that the target found: says it and aborts. */
_Noreturn void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What every target has: libFuzzer's entry point. 0, or -1 when there is nothing to learn from the
 * input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
