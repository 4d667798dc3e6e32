/* Running a classical detector over a stream, on all cores, in order. */
#include <math.h>

#include "base/base.h"
#include "base/pipeline.h"
#include "classical/method.h"
#include "detection.h"

typedef struct {
    const options *options;
    const method *method;
    method_options method_options;
    ir_stream *stream;
    writer *writer;
    long images; /* written */
} job;

typedef struct {
    ir_image image;
    scratch scratch;
    map saliency;
    detection detection;
} work_item;

static bool read_item(void *context, void *item)
{
    return ir_stream_next(((job *)context)->stream, &((work_item *)item)->image);
}

/* The saliency's range, and a threshold: a fraction of the range when one was given, otherwise k
 * standard deviations above the mean. */
static void set_threshold(map *m, double fraction, double k)
{
    size_t count = (size_t)m->width * (size_t)m->height;
    double sum = 0, squares = 0, mean;

    m->low = m->high = m->value[0];
    for (size_t i = 0; i < count; i++) {
        m->low = fmin(m->low, m->value[i]);
        m->high = fmax(m->high, m->value[i]);
        sum += m->value[i];
    }
    mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (m->value[i] - mean) * (m->value[i] - mean);
    m->threshold = fraction >= 0 ? m->low + fraction * (m->high - m->low)
                                 : mean + k * sqrt(squares / (double)count);
}

static void work_on_item(void *context, void *item)
{
    const job *j = context;
    work_item *w = item;
    double k = j->options->k >= 0 ? j->options->k : j->method->k;

    map_resize(&w->saliency, w->image.width, w->image.height);
    j->method->saliency(&w->image, &j->method_options, &w->scratch, w->saliency.value);
    set_threshold(&w->saliency, j->options->threshold, k);
    detection_make(&w->detection, j->options, &w->saliency, w->image.name);
}

static void write_item(void *context, void *item)
{
    job *j = context;

    writer_put(j->writer, &((work_item *)item)->detection);
    j->images++;
}

static void clear_item(void *item)
{
    work_item *w = item;

    ir_image_free(&w->image);
    scratch_free(&w->scratch);
    map_free(&w->saliency);
    detection_free(&w->detection);
}

long detect_classical(const options *o, int operands, char *const *operand)
{
    static const ir_pipeline pipeline = {sizeof(work_item), read_item, work_on_item, write_item,
                                         clear_item};
    job j = {.options = o,
             .method = &methods[o->method],
             .method_options = {.radius = o->radius >= 0 ? o->radius : TOP_HAT_RADIUS},
             .stream = ir_stream_open(operands, operand)};

    j.writer = writer_open(o, j.stream);
    if (o->maxval > 0)
        ir_stream_set_maxval(j.stream, o->maxval);
    ir_pipeline_run(&pipeline, &j, o->threads > 0 ? o->threads : ir_default_threads());
    writer_close(j.writer);
    ir_stream_close(j.stream);
    return j.images;
}
