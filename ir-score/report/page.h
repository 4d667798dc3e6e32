/* The whole page. */
#ifndef IR_SCORE_PAGE_H
#define IR_SCORE_PAGE_H

#include <stdio.h>

#include "run.h"

/* One HTML file that needs no other. */
void page_write(FILE *file, const run *r, int n);

/* ir-score report ...; argv[0] is "report". */
void report_command(int argc, char **argv);

extern const char page_style[]; /* its CSS */

#endif
