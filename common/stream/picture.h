/* Pictures for people: a frame in grey with colours on it. */
#ifndef IR_PICTURE_H
#define IR_PICTURE_H

#include <stdio.h>

#include "stream/image.h"

typedef struct {
    int width, height;
    unsigned char *rgb; /* height x width x 3, row by row */
    size_t capacity;    /* pixels allocated */
} ir_picture;

typedef struct {
    unsigned char red, green, blue;
} ir_colour;

/* Draws the frame: samples from black to white become grey levels, rounded; samples beyond become
 * black or white. Reuses the picture's memory; zero the picture first. black < white. */
void ir_picture_from(ir_picture *p, const ir_image *frame, int black, int white);
void ir_picture_free(ir_picture *p);

/* One pixel; x and y may lie outside. */
void ir_picture_set(ir_picture *p, int x, int y, ir_colour colour);

/* Raw PPM of 8 bits. Does not flush; dies on a write error. PNG is png.h's. */
void ir_picture_write_ppm(const ir_picture *p, FILE *file, const char *what);

#endif
