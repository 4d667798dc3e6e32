/* Running a classical detector over a stream, on all cores, in order. */
#include <math.h>

#include "base/base.h"
#include "base/pipeline.h"
#include "classical/blas.h"
#include "classical/method.h"
#include "detection.h"

typedef struct {
    const options *options;
    const method *method;
    double parameter[PARAMETERS];
    ir_stream *stream;
    writer *writer;
    long images; /* written */
} job;

typedef struct {
    ir_image image;
    scratch scratch;
    map saliency;
    solution solution;
    double seconds;
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
    map_find_range(m);
    for (size_t i = 0; i < count; i++)
        sum += m->value[i];
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
    double start = ir_seconds();
    check_memory(&w->image, j->method, j->parameter);
    map_resize(&w->saliency, w->image.width, w->image.height);
    w->solution = j->method->saliency(&w->image, j->parameter, &w->scratch, w->saliency.value);
    w->seconds = ir_seconds() - start;
    set_threshold(&w->saliency, j->options->threshold, k);
    detection_make(&w->detection, j->options, &w->saliency, w->image.name);
}

/* What -v says of an iteration, and the end that --strict puts to one that did not converge. */
static void report(const job *j, const work_item *w)
{
    const solution *s = &w->solution;
    if (!s->converged && j->options->strict)
        ir_die("%s: no convergence in %d iterations, residual %.2g", w->image.name, s->iterations,
               s->residual);
    if (s->iterations > 0 && j->options->verbose)
        ir_warn("%s: %d iterations, residual %.2g, %.3f s%s", w->image.name, s->iterations,
                s->residual, w->seconds, s->converged ? "" : ", no convergence");
}

static void write_item(void *context, void *item)
{
    job *j = context;
    const work_item *w = item;
    report(j, w);
    writer_put(j->writer, &w->detection, &w->image);
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
    const int threads = o->backend.threads > 0 ? o->backend.threads : ir_default_threads();
    job j = {
        .options = o, .method = &methods[o->method], .stream = ir_stream_open(operands, operand)};
    for (int i = 0; i < PARAMETERS; i++)
        j.parameter[i] = o->parameter[i] > 0 ? o->parameter[i] : j.method->parameter[i];
    if (j.method->parameter[ITERATIONS] > 0) /* these decompose matrices */
        blas_start(threads);
    j.writer = writer_open(o, j.stream);
    if (o->maxval > 0)
        ir_stream_set_maxval(j.stream, o->maxval);
    ir_pipeline_run(&pipeline, &j, threads);
    writer_close(j.writer);
    ir_stream_close(j.stream);
    return j.images;
}
