/* Running a learned detector over a stream. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "detection.h"
#include "nets/detector.h"

/* A detector and the memory that goes from image to image. */
typedef struct {
    ir_detector *detector;
    float *padded; /* the network's input, then its output */
    size_t room;
    map probability;
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
    float *to = l->padded;

    for (int y = 0; y < padded_height; y++) {
        const uint16_t *row = im->pixel + (size_t)y * (size_t)im->width;
        int width = y < im->height ? im->width : 0;

        for (int x = 0; x < width; x++)
            *to++ = (float)(row[x] * scale - shift);
        for (int x = width; x < padded_width; x++)
            *to++ = 0;
    }
}

/* The output without its padding. Finite weights can still overflow, or a variance be negative. */
static void crop(learned *l, const ir_image *im, int padded_width)
{
    map_resize(&l->probability, im->width, im->height);
    for (int y = 0; y < im->height; y++) {
        const float *from = l->padded + (size_t)y * (size_t)padded_width;
        float *to = l->probability.value + (size_t)y * (size_t)im->width;

        for (int x = 0; x < im->width; x++) {
            if (isnan(from[x]))
                ir_die("%s: the detector's output is not a number", im->name);
            to[x] = from[x];
        }
    }
}

static void run_network(learned *l, const ir_image *im)
{
    int multiple = ir_detector_multiple(l->detector);
    int width = round_up(im->width, multiple), height = round_up(im->height, multiple);
    size_t count = (size_t)width * (size_t)height;
    ir_detector_graph *g = ir_detector_graph_for(l->detector, IR_DETECTION, 1, height, width, 0);

    if (count > l->room) {
        free(l->padded);
        l->padded = ir_realloc(NULL, count, sizeof *l->padded);
        l->room = count;
    }
    normalise(l, im, width, height);
    ir_node_put(g->graph, g->image, l->padded);
    ir_graph_forward(g->graph);
    ir_node_get(g->graph, g->probability, l->padded);
    crop(l, im, width);
}

static long detect(learned *l, const options *o, ir_stream *stream)
{
    writer *w = writer_open(o, stream);
    detection d = {0};
    ir_image im = {0};
    long images = 0;

    l->probability.high = 1;
    l->probability.threshold = o->threshold >= 0 ? o->threshold : 0.5;
    for (; ir_stream_next(stream, &im); images++) {
        run_network(l, &im);
        detection_make(&d, o, &l->probability, im.name);
        writer_put(w, &d);
    }
    writer_close(w);
    detection_free(&d);
    ir_image_free(&im);
    return images;
}

long detect_learned(const options *o, int operands, char *const *operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    ir_checkpoint *checkpoint = ir_checkpoint_read(o->checkpoint, "detector");
    ir_backend *backend = ir_backend_open(o->device, o->threads);
    learned l = {.detector = ir_detector_load(backend, checkpoint)};
    long images;

    ir_checkpoint_free(checkpoint);
    if (o->maxval > 0)
        ir_stream_set_maxval(stream, o->maxval);
    images = detect(&l, o, stream);
    ir_detector_free(l.detector);
    free(l.padded);
    map_free(&l.probability);
    ir_backend_close(backend);
    ir_stream_close(stream);
    return images;
}
