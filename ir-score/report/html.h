/* Writing HTML: what comes from outside is escaped, always. */
#ifndef IR_SCORE_HTML_H
#define IR_SCORE_HTML_H

#include <stdio.h>

#include "base/base.h"

/* The text with & < > " ' as entities; bytes that are no UTF-8, and control characters, become
 * U+FFFD. Good within elements and within quoted attributes. */
void html_text(FILE *file, const char *text);

/* As fprintf, but what %s stands for goes through html_text(). Knows %s, %c, %d, %x, %ld, %zu,
 * %f, %g and %% with flags, width and precision written as digits. */
void html(FILE *file, const char *format, ...) IR_PRINTF(2, 3);

/* A number where a person reads it: so many decimals, or "n/a" for NaN, which stands for what is
 * undefined. A minus is a real minus sign. */
void html_real(FILE *file, double x, int decimals);

#endif
