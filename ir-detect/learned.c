/* Running a learned detector over a stream. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "detection.h"
#include "nets/detector.h"

/* A detector and the memory that goes from image to image. */
typedef struct {
    ir_detector *detector;
    float *value; /* the network's input, then what is taken out of it */
    size_t room;
    map map; /* the probabilities, or the feature that was asked for */
} learned;

static int round_up(int size, int multiple)
{
    return (size + multiple - 1) / multiple * multiple;
}

/* (sample / maxval - mean) / std, with zeros right and below, as the published code pads. */
static void normalise(const learned *l, const ir_image *im, int padded_width, int padded_height)
{
    double scale = 1 / (im->maxval * ir_detector_std(l->detector));
    double shift = ir_detector_mean(l->detector) / ir_detector_std(l->detector);
    float *to = l->value;

    for (int y = 0; y < padded_height; y++) {
        const uint16_t *row = im->pixel + (size_t)y * (size_t)im->width;
        int width = y < im->height ? im->width : 0;

        for (int x = 0; x < width; x++)
            *to++ = (float)(row[x] * scale - shift);
        for (int x = width; x < padded_width; x++)
            *to++ = 0;
    }
}

static void make_room(learned *l, size_t count)
{
    if (count <= l->room)
        return;
    free(l->value);
    l->value = ir_realloc(NULL, count, sizeof *l->value);
    l->room = count;
}

static double mean_over_channels(const float *value, size_t plane, int channels)
{
    double sum = 0;

    for (int c = 0; c < channels; c++)
        sum += value[(size_t)c * plane];
    return sum / channels;
}

/* A node's mean over its channels, at its own resolution and without the padding. Finite weights
 * can still overflow, or a variance be negative. */
static void take(learned *l, ir_graph *g, const ir_node *node, const ir_image *im, ir_shape padded)
{
    const ir_shape s = ir_node_shape(node);
    size_t plane = (size_t)s.h * (size_t)s.w;

    make_room(l, plane * (size_t)s.c);
    ir_node_get(g, node, l->value);
    map_resize(&l->map, (im->width * s.w + padded.w - 1) / padded.w,
               (im->height * s.h + padded.h - 1) / padded.h);
    float *to = l->map.value;
    for (int y = 0; y < l->map.height; y++) {
        const float *from = l->value + (size_t)y * (size_t)s.w;

        for (int x = 0; x < l->map.width; x++) {
            double mean = mean_over_channels(from + x, plane, s.c);

            if (!isfinite(mean))
                ir_die("%s: the detector's output is not a number", im->name);
            *to++ = (float)mean;
        }
    }
}

static void run_network(learned *l, const ir_image *im)
{
    int multiple = ir_detector_multiple(l->detector);
    ir_shape padded = {1, 1, round_up(im->height, multiple), round_up(im->width, multiple)};
    ir_detector_graph *g =
        ir_detector_graph_for(l->detector, IR_DETECTION, 1, padded.h, padded.w, 0);

    make_room(l, (size_t)padded.h * (size_t)padded.w);
    normalise(l, im, padded.w, padded.h);
    ir_node_put(g->graph, g->image, l->value);
    ir_graph_forward(g->graph);
    take(l, g->graph, g->feature ? g->feature : g->probability, im, padded);
    if (g->feature)
        map_find_range(&l->map);
}

static long detect(learned *l, const options *o, ir_stream *stream)
{
    writer *w = writer_open(o, stream);
    detection d = {0};
    ir_image im = {0};
    long images = 0;

    l->map.high = 1;
    l->map.threshold = o->threshold >= 0 ? o->threshold : 0.5;
    for (; ir_stream_next(stream, &im); images++) {
        run_network(l, &im);
        detection_make(&d, o, &l->map, im.name);
        writer_put(w, &d);
    }
    writer_close(w);
    detection_free(&d);
    ir_image_free(&im);
    return images;
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
    learned l = {.detector = load(o, backend)};
    ir_profile *profile = o->profile ? ir_profile_new() : NULL;
    long images;

    ir_detector_set_profile(l.detector, profile);
    if (o->feature != NULL)
        ir_detector_set_feature(l.detector, o->feature);
    if (o->maxval > 0)
        ir_stream_set_maxval(stream, o->maxval);
    images = detect(&l, o, stream);
    if (o->profile)
        ir_profile_print(profile, stderr);
    ir_profile_free(profile);
    ir_detector_free(l.detector);
    free(l.value);
    map_free(&l.map);
    ir_backend_close(backend);
    ir_stream_close(stream);
    return images;
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
