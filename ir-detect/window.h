/* Windows of a frame: from samples to what a network takes, from what it gives to a map. */
#ifndef IR_DETECT_WINDOW_H
#define IR_DETECT_WINDOW_H

#include "detect.h"
#include "nets/detector.h"

/* Pixels of a frame; those right of it and below do not exist. */
typedef struct {
    int left, top, width, height;
} window;

/* The samples normalised by n, with zeros where there is no pixel, as the published code pads. to:
 * height x width values. */
void window_read(const ir_normalisation *n, const ir_image *im, window w, float *to);

/* The mean over the channels of some pixels of one image, s.c planes of s.h x s.w values, into the
 * map, from its pixel (left, top) on. name: the image's, for the error that a value which is not
 * finite is: finite weights can still overflow, or a variance be negative. */
void window_write(const float *value, ir_shape s, window w, const char *name, map *to, int left,
                  int top);

#endif
