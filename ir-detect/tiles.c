/* Detecting in tiles: see tiles.h. */
#include "tiles.h"

#include <stdlib.h>

#include "base/base.h"
#include "window.h"

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int round_up(int size, int multiple)
{
    return (size + multiple - 1) / multiple * multiple;
}

/* ---- where tiles lie ------------------------------------------------------------------------- */

static tile_axis axis_of(int length, int side, int overlap)
{
    tile_axis a = {.length = length, .tile = smaller(side, length), .step = side - overlap};
    a.count = (length - a.tile + a.step - 1) / a.step + 1;
    return a;
}

static int first_pixel(const tile_axis *a, int i)
{
    return smaller(i * a->step, a->length - a->tile);
}

/* The first pixel that tile i decides; of tile `count`, the side's length. */
static int first_decided(const tile_axis *a, int i)
{
    if (i == 0 || i == a->count)
        return i == 0 ? 0 : a->length;
    return (first_pixel(a, i) + first_pixel(a, i - 1) + a->tile) / 2;
}

/* Larger frames are cut into tiles by default. Whole frames are exact, as long as there is memory.
 * */
static long most_whole(const ir_detector *d)
{
    const long side = ir_detector_tile(d).side, four = 4 * side * side, least = 2048 * 2048;
    return four > least ? four : least;
}

static int side_for(const ir_detector *d, const options *o, int width, int height)
{
    const int whole = IR_MAX_SIDE;
    if (o->tile >= 0)
        return o->tile > 0 ? o->tile : whole;
    if (o->feature || o->adapt >= 0 || (long)width * height <= most_whole(d))
        return whole;
    return ir_detector_tile(d).side;
}

static int overlap_for(const ir_detector *d, const options *o, int side)
{
    const int multiple = ir_detector_multiple(d), most = side / 2 / multiple * multiple;
    if (o->overlap < 0)
        return smaller(ir_detector_tile(d).overlap, most);
    return o->overlap;
}

tiling tiles_of(const ir_detector *d, const options *o, int width, int height)
{
    const int multiple = ir_detector_multiple(d), side = side_for(d, o, width, height);
    const int overlap = overlap_for(d, o, side);
    return (tiling){.across = axis_of(round_up(width, multiple), side, overlap),
                    .down = axis_of(round_up(height, multiple), side, overlap)};
}

int tiles_count(const tiling *t)
{
    return t->across.count * t->down.count;
}

/* ---- through the network --------------------------------------------------------------------- */

static window tile_at(const tiling *t, int i)
{
    return (window){.left = first_pixel(&t->across, i % t->across.count),
                    .top = first_pixel(&t->down, i / t->across.count),
                    .width = t->across.tile,
                    .height = t->down.tile};
}

/* What tile i decides of the map, out of its own plane. */
static void put_tile(const tiling *t, int i, const float *value, const char *name, map *to)
{
    const int column = i % t->across.count, row = i / t->across.count;
    const window tile = tile_at(t, i);
    const int left = first_decided(&t->across, column), top = first_decided(&t->down, row);
    const int right = smaller(first_decided(&t->across, column + 1), to->width);
    const int bottom = smaller(first_decided(&t->down, row + 1), to->height);
    const window decided = {left - tile.left, top - tile.top, right - left, bottom - top};
    window_write(value, (ir_shape){1, 1, tile.height, tile.width}, decided, name, to, left, top);
}

/* The last batch has as many tiles as the others, some of them a second time, so that one graph
 * serves all. */
void tiles_run(const tiling *t, ir_detector *d, const ir_image *im, int batch, map *to)
{
    const int count = tiles_count(t), n = smaller(batch, count);
    const size_t plane = (size_t)t->across.tile * (size_t)t->down.tile;
    const ir_detector_graph *dg =
        ir_detector_graph_for(d, IR_DETECTION, n, t->down.tile, t->across.tile, 0);
    const ir_normalisation normalisation = ir_normalisation_for(ir_detector_normalisation(d), im);
    float *value = ir_realloc(NULL, (size_t)n * plane, sizeof *value);
    map_resize(to, im->width, im->height);
    for (int next = 0; next < count; next += n) {
        const int first = smaller(next, count - n);

        for (int i = 0; i < n; i++)
            window_read(&normalisation, im, tile_at(t, first + i), value + (size_t)i * plane);
        ir_node_put(dg->graph, dg->image, value);
        ir_graph_forward(dg->graph);
        ir_node_get(dg->graph, dg->probability, value);
        for (int i = 0; i < n; i++)
            put_tile(t, first + i, value + (size_t)i * plane, im->name, to);
    }
    free(value);
}
