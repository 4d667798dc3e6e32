/* Text that comes from outside, such as a file's name, where a person or a terminal reads it. */
#ifndef IR_PRINTABLE_H
#define IR_PRINTABLE_H

#include <stddef.h>

/* The bytes of the UTF-8 character at s, 1 to 4; 0 when there is none. */
size_t ir_utf8_length(const char *s);

/* Puts a '?' in the place of every character that could move the cursor, start an escape sequence
 * or turn the reading direction: control characters (C0, DEL and C1), U+2028 to U+202E, U+2066 to
 * U+2069, and of every byte that is no UTF-8. In place: the text never grows. Returns text.
 *
 * ir_die() and its kin do this to the whole line, so that names go into them as they are. */
char *ir_make_printable(char *text);

#endif
