/* Running a learned detector over a stream. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/pipeline.h"
#include "detection.h"
#include "nets/detector.h"

/* Images of one size, filled up, that go through the network together. */
typedef struct {
    ir_image *image;
    int count, most;   /* most: how many there can be */
    int width, height; /* filled up */
    float *value;      /* the network's input, then what is taken out of it */
    size_t room;
    ir_shape shape; /* of what was taken out */
    map map;        /* an image's probabilities, or the feature that was asked for */
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

static int round_up(int size, int multiple)
{
    return (size + multiple - 1) / multiple * multiple;
}

static void make_room(group *g, size_t count)
{
    if (count <= g->room)
        return;
    g->value = ir_realloc(g->value, count, sizeof *g->value);
    g->room = count;
}

/* (sample / maxval - mean) / std, with zeros right and below, as the published code pads. */
static void normalise(const job *j, const ir_image *im, int width, int height, float *to)
{
    double scale = 1 / (im->maxval * ir_detector_std(j->detector));
    double shift = ir_detector_mean(j->detector) / ir_detector_std(j->detector);

    for (int y = 0; y < height; y++) {
        const uint16_t *row = im->pixel + (size_t)y * (size_t)im->width;
        int inside = y < im->height ? im->width : 0;

        for (int x = 0; x < inside; x++)
            *to++ = (float)(row[x] * scale - shift);
        for (int x = inside; x < width; x++)
            *to++ = 0;
    }
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
    const size_t size = (size_t)g->width * (size_t)g->height, count = (size_t)g->count;
    const ir_image old = g->image[count];

    g->image[count] = j->next;
    j->next = old;
    j->has_next = false;
    make_room(g, (count + 1) * size);
    normalise(j, &g->image[count], g->width, g->height, g->value + count * size);
    g->count++;
}

static bool read_group(void *context, void *item)
{
    job *j = context;
    group *g = item;
    const int multiple = ir_detector_multiple(j->detector);

    if (!g->image) {
        g->most = j->options->batch > 0 ? j->options->batch : 1;
        g->image = ir_calloc((size_t)g->most, sizeof *g->image);
    }
    g->count = 0;
    while (g->count < g->most && read_next(j)) {
        const int width = round_up(j->next.width, multiple);
        const int height = round_up(j->next.height, multiple);
        if (g->count > 0 && (width != g->width || height != g->height))
            break;
        g->width = width;
        g->height = height;
        take_next(j, g);
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

static void run_network(void *context, void *item)
{
    const job *j = context;
    group *g = item;
    const ir_detector_graph *dg =
        ir_detector_graph_for(j->detector, IR_DETECTION, g->count, g->height, g->width, 0);
    const ir_node *taken = dg->feature ? dg->feature : dg->probability;

    ir_node_put(dg->graph, dg->image, g->value);
    if (dg->extent)
        put_extents(dg, g);
    ir_graph_forward(dg->graph);
    g->shape = ir_node_shape(taken);
    make_room(g, (size_t)g->count * (size_t)g->shape.c * (size_t)g->shape.h * (size_t)g->shape.w);
    ir_node_get(dg->graph, taken, g->value);
}

/* ---- writing --------------------------------------------------------------------------------- */

static double mean_over_channels(const float *value, size_t plane, int channels)
{
    double sum = 0;

    for (int c = 0; c < channels; c++)
        sum += value[(size_t)c * plane];
    return sum / channels;
}

/* An image's mean over the channels, at the node's own resolution and without the padding. Finite
 * weights can still overflow, or a variance be negative. */
static void make_map(group *g, int image)
{
    const ir_shape s = g->shape;
    const ir_image *im = &g->image[image];
    const size_t plane = (size_t)s.h * (size_t)s.w;
    const float *from = g->value + (size_t)image * (size_t)s.c * plane;

    map_resize(&g->map, (im->width * s.w + g->width - 1) / g->width,
               (im->height * s.h + g->height - 1) / g->height);
    float *to = g->map.value;
    for (int y = 0; y < g->map.height; y++) {
        for (int x = 0; x < g->map.width; x++) {
            double mean = mean_over_channels(from + y * s.w + x, plane, s.c);

            if (!isfinite(mean))
                ir_die("%s: the detector's output is not a number", im->name);
            *to++ = (float)mean;
        }
    }
}

static void write_group(void *context, void *item)
{
    job *j = context;
    group *g = item;
    const options *o = j->options;

    g->map.low = 0;
    g->map.high = 1;
    g->map.threshold = o->threshold >= 0 ? o->threshold : 0.5;
    for (int i = 0; i < g->count; i++) {
        make_map(g, i);
        if (o->feature != NULL)
            map_find_range(&g->map);
        detection_make(&g->detection, o, &g->map, g->image[i].name);
        writer_put(j->writer, &g->detection);
    }
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
    ir_checkpoint *checkpoint = ir_checkpoint_read(o->checkpoint, "detector");
    ir_detector *detector = ir_detector_load(backend, checkpoint);

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
    if (o->feature != NULL)
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
