/* Small pictures within the page: PNG in data: URIs, with marks on them. */
#ifndef IR_SCORE_INLINE_PICTURE_H
#define IR_SCORE_INLINE_PICTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "stream/components.h"

/* A part of an image. */
typedef struct {
    int left, top, width, height;
} window;

/* A box around components; in the page's style "target" or "alarm". */
typedef struct {
    const char *style;
    const ir_component *component;
} mark;

/* Writes a picture of w's size, rgb row by row, in an SVG that enlarges it without smoothing, and
 * the marks that lie in it. alt: what a reader who does not see it is told. */
void picture_write(FILE *file, const unsigned char *rgb, window w, const mark *marks, size_t n,
                   const char *alt);

#endif
