/* An image as overlapping patches: a matrix of patches and their pixels, and the way back.
 *
 * Patches start every `step` pixels, across and down, and one more ends with the image, so that all
 * of it is covered; a patch that is larger than the image is cut to it. Patches are counted down
 * the columns, the pixels of a patch along its rows. */
#ifndef IR_DETECT_PATCHES_H
#define IR_DETECT_PATCHES_H

#include <stddef.h>

#include "stream/image.h"

typedef struct {
    int width, height; /* of the image */
    int patch_width, patch_height, step;
    int across, down; /* patches */
    /* Column-major; rows <= columns, as there are fewer patches or fewer pixels in one. */
    int rows, columns;
    size_t pixel_stride, patch_stride; /* in the matrix */
} patch_grid;

patch_grid patches_of(const ir_image *im, int patch, int step);
/* The same, but each patch in one piece: pixel_stride is 1. */
patch_grid patches_in_turn(const ir_image *im, int patch, int step);

static inline size_t patch_pixels(const patch_grid *g)
{
    return (size_t)g->patch_width * (size_t)g->patch_height;
}

static inline size_t patch_count(const patch_grid *g)
{
    return (size_t)g->across * (size_t)g->down;
}

/* image: height x width; matrix: patch_pixels x patch_count elements. */
void patches_cut(const patch_grid *g, const double *image, double *matrix);

/* How many patches can lie over one pixel, at most. */
size_t patches_over(const patch_grid *g);
/* Each pixel becomes the median of what the patches over it say, but at least 0.
 * workspace: patches_over elements. */
void patches_median(const patch_grid *g, const double *matrix, double *workspace, float *image);
/* Each pixel becomes what the last patch over it says. */
void patches_last(const patch_grid *g, const double *matrix, float *image);

/* The samples, height x width, scaled to go from 0 to 1. False: they are all the same. */
bool image_to_unit_range(const ir_image *im, double *to);

#endif
