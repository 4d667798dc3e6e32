/* Makes text from outside, such as a file's name, safe to show on a terminal. */
#ifndef IR_PRINTABLE_H
#define IR_PRINTABLE_H

#include <stddef.h>

/* The bytes of the UTF-8 character at s, 1 to 4; 0 when there is none. */
size_t ir_utf8_length(const char *s);

/* Replaces by '?' every byte that is not UTF-8 and every character that could move the cursor,
 * start an escape sequence or change the reading direction: control characters (C0, DEL and C1),
 * U+2028 to U+202E, U+2066 to U+2069. Works in place; returns text.
 *
 * ir_die() and the like do this to the whole line, so their callers pass names as they are. */
char *ir_make_printable(char *text);

#endif
