/* Running a learned detector over a stream. */
#include <stdlib.h>

#include "base/base.h"
#include "base/pipeline.h"
#include "checkpoint/models.h"
#include "detection.h"
#include "nets/detector.h"
#include "tiles.h"
#include "window.h"

/* Images of one size, filled up, that go through the network together; or one that goes in tiles.
 */
typedef struct {
    ir_image *image;
    int count, most; /* most: how many there can be */
    tiling tiling;
    bool tiled;
    int width, height; /* filled up */
    float *value;      /* the network's input, then what is taken out of it */
    size_t capacity;
    ir_shape shape; /* of what was taken out */
    map map;        /* an image's probabilities, or the feature that was asked for; in tiles, from
                       when they went through the network */
    detection detection;
} group;

typedef struct {
    const options *options;
    ir_stream *stream;
    ir_detector *detector;
    ir_image next; /* read, but of another size than the group before it */
    bool has_next;
    writer *writer;
    long images;
} job;

/* ---- reading --------------------------------------------------------------------------------- */

static void reserve(group *g, size_t count)
{
    if (count <= g->capacity)
        return;
    g->value = ir_realloc(g->value, count, sizeof *g->value);
    g->capacity = count;
}

static bool read_next(job *j)
{
    if (!j->has_next)
        j->has_next = ir_stream_next(j->stream, &j->next);
    return j->has_next;
}

/* The next image becomes one of the group: they change places, memory and all. */
static void take_next(job *j, group *g)
{
    const ir_image old = g->image[g->count];
    g->image[g->count++] = j->next;
    j->next = old;
    j->has_next = false;
}

/* What the network takes of the group's last image. */
static void prepare(const job *j, group *g)
{
    const size_t size = (size_t)g->width * (size_t)g->height, before = (size_t)g->count - 1;
    const ir_image *im = &g->image[before];
    const ir_normalisation n = ir_normalisation_for(ir_detector_normalisation(j->detector), im);
    reserve(g, (before + 1) * size);
    window_read(&n, im, (window){0, 0, g->width, g->height}, g->value + before * size);
}

static bool read_group(void *context, void *item)
{
    job *j = context;
    group *g = item;
    if (!g->image) {
        g->most = j->options->batch > 0 ? j->options->batch : 1;
        g->image = ir_calloc((size_t)g->most, sizeof *g->image);
    }
    g->count = 0;
    g->tiled = false;
    while (g->count < g->most && !g->tiled && read_next(j)) {
        const tiling t = tiles_of(j->detector, j->options, j->next.width, j->next.height);
        const bool tiled = tiles_count(&t) > 1;

        if (g->count > 0 && (tiled || t.across.length != g->width || t.down.length != g->height))
            break;
        g->tiling = t;
        g->tiled = tiled;
        g->width = t.across.length;
        g->height = t.down.length;
        take_next(j, g);
        if (!tiled)
            prepare(j, g);
    }
    return g->count > 0;
}

/* ---- the network ----------------------------------------------------------------------------- */

/* How much of each image is not padding, which an adapting network leaves out. */
static void put_extents(const ir_detector_graph *dg, const group *g)
{
    float *extent = ir_malloc(2 * (size_t)g->count * sizeof *extent);
    for (int i = 0; i < g->count; i++) {
        extent[2 * i] = (float)g->image[i].height;
        extent[2 * i + 1] = (float)g->image[i].width;
    }
    ir_node_put(dg->graph, dg->extent, extent);
    free(extent);
}

static void run_whole(const job *j, group *g)
{
    const ir_detector_graph *dg =
        ir_detector_graph_for(j->detector, IR_DETECTION, g->count, g->height, g->width, 0);
    const ir_node *taken = dg->feature ? dg->feature : dg->probability;
    ir_node_put(dg->graph, dg->image, g->value);
    if (dg->extent)
        put_extents(dg, g);
    ir_graph_forward(dg->graph);
    g->shape = ir_node_shape(taken);
    reserve(g, (size_t)g->count * (size_t)g->shape.c * (size_t)g->shape.h * (size_t)g->shape.w);
    ir_node_get(dg->graph, taken, g->value);
}

static void run_network(void *context, void *item)
{
    const job *j = context;
    group *g = item;
    if (g->tiled)
        tiles_run(&g->tiling, j->detector, &g->image[0], g->most, &g->map);
    else
        run_whole(j, g);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* An image's mean over the channels, at the node's own resolution and without the padding. */
static void make_map(group *g, int image)
{
    const ir_shape s = g->shape;
    const ir_image *im = &g->image[image];
    const size_t values = (size_t)s.c * (size_t)s.h * (size_t)s.w;
    const int width = (im->width * s.w + g->width - 1) / g->width;
    const int height = (im->height * s.h + g->height - 1) / g->height;
    map_resize(&g->map, width, height);
    window_write(g->value + (size_t)image * values, s, (window){0, 0, width, height}, im->name,
                 &g->map, 0, 0);
}

/* The result replaces a frame that was cut into tiles, whose memory is freed, unless the frame is
 * to be drawn: large frames should not need memory for two. */
static void write_tiled(job *j, group *g)
{
    detection *d = &g->detection;
    ir_image *frame = &g->image[0];
    const ir_image small = d->image;
    if (j->options->verbose)
        ir_warn("%s: %d tiles of %dx%d", frame->name, tiles_count(&g->tiling),
                g->tiling.across.tile, g->tiling.down.tile);
    if (!j->options->overlay) {
        d->image = *frame;
        *frame = small;
    }
    detection_make(d, j->options, &g->map, j->options->overlay ? frame->name : d->image.name);
    writer_put(j->writer, d, frame);
    ir_image_free(&d->image);
    map_free(&g->map);
}

static void write_whole(job *j, group *g)
{
    for (int i = 0; i < g->count; i++) {
        make_map(g, i);
        if (j->options->feature)
            map_find_range(&g->map);
        detection_make(&g->detection, j->options, &g->map, g->image[i].name);
        writer_put(j->writer, &g->detection, &g->image[i]);
    }
}

static void write_group(void *context, void *item)
{
    job *j = context;
    group *g = item;
    g->map.low = 0;
    g->map.high = 1;
    g->map.threshold = j->options->threshold >= 0 ? j->options->threshold : 0.5;
    if (g->tiled)
        write_tiled(j, g);
    else
        write_whole(j, g);
    j->images += g->count;
}

static void clear_group(void *item)
{
    group *g = item;
    detection_free(&g->detection);
    map_free(&g->map);
    free(g->value);
    for (int i = 0; i < g->most; i++)
        ir_image_free(&g->image[i]);
    free(g->image);
}

/* A device that works by itself gets its next images while masks are written. */
static void detect(job *j, bool ahead)
{
    static const ir_pipeline pipeline = {sizeof(group), read_group, run_network, write_group,
                                         clear_group};
    j->writer = writer_open(j->options, j->stream);
    if (ahead)
        ir_pipeline_run_here(&pipeline, j);
    else
        ir_pipeline_run(&pipeline, j, 1);
    writer_close(j->writer);
}

static ir_detector *load(const options *o, ir_backend *backend)
{
    ir_checkpoint *checkpoint = ir_model_read(o->checkpoint);
    ir_detector *detector = ir_detector_load(backend, checkpoint, IR_TO_DETECT);
    if (o->verbose && !o->checkpoint)
        ir_warn("detector %s", ir_checkpoint_path(checkpoint));
    ir_checkpoint_free(checkpoint);
    return detector;
}

long detect_learned(const options *o, int operands, char *const *operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    ir_backend *backend = ir_backend_open_as(o->backend);
    job j = {.options = o, .stream = stream, .detector = load(o, backend)};
    ir_profile *profile = o->profile ? ir_profile_new() : NULL;
    ir_detector_set_profile(j.detector, profile);
    if (o->feature)
        ir_detector_set_feature(j.detector, o->feature);
    if (o->adapt > 0)
        ir_detector_set_adaptation(j.detector, o->adapt, o->window > 0 ? o->window : 1);
    if (o->maxval > 0)
        ir_stream_set_maxval(stream, o->maxval);
    detect(&j, backend->fetch != NULL);
    if (o->profile)
        ir_profile_print(profile, stderr);
    ir_profile_free(profile);
    ir_detector_free(j.detector);
    ir_image_free(&j.next);
    ir_backend_close(backend);
    ir_stream_close(stream);
    return j.images;
}

void list_features(const options *o)
{
    ir_backend *backend = ir_backend_open("cpu", 1);
    ir_detector *detector = load(o, backend);
    ir_detector_print_features(detector, stdout);
    ir_flush(stdout, "standard output");
    ir_detector_free(detector);
    ir_backend_close(backend);
}
