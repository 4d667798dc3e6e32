/* Colours that every reader can tell apart, on paper and on a screen. */
#ifndef IR_SCORE_COLOUR_H
#define IR_SCORE_COLOUR_H

#include <stdbool.h>

typedef struct {
    int red, green, blue; /* 0..255 */
} colour;

/* Matplotlib's viridis at 0..1: lightness rises evenly, whatever the reader's colour vision.
 * NaN is as 0. */
colour colour_viridis(double x);
/* Whether white letters on it are easier to read than black ones. */
bool colour_is_dark(colour c);

/* Runs have the classes s0 to s5 of the page's style, which tells them apart by Okabe and Ito's
 * colours and by their dashes. */
enum { COLOUR_SERIES = 6 };

#endif
