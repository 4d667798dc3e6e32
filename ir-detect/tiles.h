/* Frames too large for a network, in tiles that overlap.
 *
 * Tiles of one size start at multiples of 32, where the network's coarser grids have pixels too.
 * Neighbours share some pixels, and each decides those that are nearer to its middle: a pixel is
 * decided with half an overlap of surroundings at least, but at the frame's border. */
#ifndef IR_DETECT_TILES_H
#define IR_DETECT_TILES_H

#include "detect.h"
#include "nets/detector.h"

/* Tiles along one side of a frame. */
typedef struct {
    int length; /* the side, filled up */
    int tile;   /* pixels of a tile along it */
    int step;   /* from one to the next; the last ends with the side */
    int count;
} tile_axis;

typedef struct {
    tile_axis across, down;
} tiling;

/* One tile of the whole frame, or more: as the options say, or for want of that by the frame's size
 * and the network. */
tiling tiles_of(const ir_detector *d, const options *o, int width, int height);
int tiles_count(const tiling *t);
/* The frame's probabilities into the map; up to `batch` tiles go through the network together. */
void tiles_run(const tiling *t, ir_detector *d, const ir_image *im, int batch, map *to);

#endif
