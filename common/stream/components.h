/* Connected components of a binary image: what counts as one target.
 *
 * Pixels that touch at a side or a corner belong together (8-connected). Components are numbered by
 * their first pixel in raster order, which is also how skimage.measure.label numbers them with
 * connectivity=2. */
#ifndef IR_COMPONENTS_H
#define IR_COMPONENTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    long area;          /* pixels */
    double row, column; /* centroid: means over the pixels, from the top-left pixel's centre */
    int left, top, width, height; /* bounding box */
} ir_component;

/* Pixels in a row, all true: columns first .. end - 1. */
typedef struct {
    int row, first, end;
    int component; /* which one it belongs to */
} ir_run;

/* Memory that is used again from image to image. */
typedef struct ir_components ir_components;

ir_components *ir_components_new(void);
void ir_components_free(ir_components *c);

/* The components of the pixels >= level of a height x width image, row by row; returns how many.
 * What an earlier call found is gone. Time is linear in the pixels. */
int ir_components_find(ir_components *c, const uint16_t *pixel, int width, int height, int level);

int ir_components_count(const ir_components *c);
const ir_component *ir_components_at(const ir_components *c, int i); /* they stand in a row */
/* All runs of the image in raster order; *count of them. */
const ir_run *ir_components_runs(const ir_components *c, size_t *count);

#endif
