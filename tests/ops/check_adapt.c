/* Batch norms that adapt, against plain C in double: a stream of images of two sizes, in batches,
 * part of each of them padding. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/philox.h"
#include "checks.h"
#include "graph/adaptation.h"

enum { GRAPHS = 2, PASSES = 6, MOST_IMAGES = 3, CASES = 24 };

static const double eps = 1e-5, slope = 0.125;

typedef struct {
    ir_graph *graph;
    ir_node *extent, *x, *y;
    int whole_h, whole_w; /* the network's input; the layer's is a fraction of it */
    ir_shape shape;       /* of the layer */
} built;

typedef struct {
    const test_options *options;
    ir_rng rng;
    double rate;
    int window, channels, frames; /* frames: that were seen */
    double mean[37][PASSES * MOST_IMAGES], var[37][PASSES * MOST_IMAGES]; /* of each of them */
    float gamma[37], beta[37], running_mean[37], running_var[37];
    built built[GRAPHS];
    double worst;
    char where[128];
} trial;

static int choose(trial *t, int count, const int *of)
{
    return of[ir_rng_below(&t->rng, (uint32_t)count)];
}

/* Exact in bfloat16 where that is how they are kept; else far from 0. */
static float draw(trial *t, int channel)
{
    const double offset = t->options->precision == IR_BF16 ? 3 : 30;
    return (float)(offset * (channel % 3 - 1) + floor(8 * ir_rng_normal(&t->rng)) / 8);
}

static built build(trial *t, ir_params *params, ir_adaptation *a)
{
    static const int sides[] = {1, 2, 7, 24, 65}, factors[] = {1, 1, 2, 8};
    const int factor = choose(t, 4, factors);
    built b = {.graph = ir_graph_new(params, IR_DETECTION)};
    b.shape = (ir_shape){1 + (int)ir_rng_below(&t->rng, MOST_IMAGES), t->channels,
                         choose(t, 5, sides), choose(t, 5, sides)};
    b.whole_h = b.shape.h * factor;
    b.whole_w = b.shape.w * factor;
    const ir_shape whole = {b.shape.n, 1, b.whole_h, b.whole_w};
    b.extent = ir_graph_adapt(b.graph, a, ir_input(b.graph, whole, false));
    b.x = ir_input(b.graph, b.shape, false);
    b.y = ir_leaky_relu(b.graph, ir_batchnorm(b.graph, b.x, "bn", 0.1), slope);
    ir_graph_keep(b.graph, b.y);
    ir_graph_plan(b.graph);
    return b;
}

static void draw_parameters(trial *t, ir_params *params)
{
    for (int c = 0; c < t->channels; c++) {
        t->gamma[c] = (float)(0.5 + ir_rng_uniform(&t->rng));
        t->beta[c] = (float)ir_rng_normal(&t->rng);
        t->running_mean[c] = draw(t, c);
        t->running_var[c] = (float)(0.1 + ir_rng_uniform(&t->rng));
    }
    ir_param_put(params, find_param(params, "bn.weight"), t->gamma);
    ir_param_put(params, find_param(params, "bn.bias"), t->beta);
    ir_param_put(params, find_param(params, "bn.running_mean"), t->running_mean);
    ir_param_put(params, find_param(params, "bn.running_var"), t->running_var);
}

/* ---- the reference --------------------------------------------------------------------------- */

/* Whether a pixel of the layer begins within the image's own rows and columns. */
static bool is_own(const built *b, const float own[2], int i, int j)
{
    return i * b->whole_h < own[0] * (float)b->shape.h &&
           j * b->whole_w < own[1] * (float)b->shape.w;
}

static double count_own(const built *b, const float own[2])
{
    double count = 0;
    for (int i = 0; i < b->shape.h; i++)
        for (int j = 0; j < b->shape.w; j++)
            count += is_own(b, own, i, j);
    return count;
}

/* The mean over an image's own pixels of (x - from) to the power. */
static double moment(const built *b, const float *x, const float own[2], double from, int power)
{
    double sum = 0;
    for (int i = 0; i < b->shape.h; i++)
        for (int j = 0; j < b->shape.w; j++)
            if (is_own(b, own, i, j))
                sum += pow(x[i * b->shape.w + j] - from, power);
    return sum / count_own(b, own);
}

/* One channel of one image, x and y its planes; frame: its place among those seen. */
static void expect(trial *t, const built *b, const float *x, const float own[2], int c, int frame,
                   double *y)
{
    const bool seen = count_own(b, own) > 1;
    double mean = 0, var = 0, rate = seen ? t->rate : 0;
    int first = frame + 1 - t->window, count;
    if (seen) {
        t->mean[c][frame] = moment(b, x, own, 0, 1);
        t->var[c][frame] = moment(b, x, own, t->mean[c][frame], 2);
    }
    first = first < 0 ? 0 : first;
    count = frame + 1 - first;
    for (int k = first; seen && k <= frame; k++) {
        mean += t->mean[c][k] / count;
        var += (t->var[c][k] + pow(t->mean[c][k], 2)) / count;
    }
    var = (1 - rate) * t->running_var[c] + rate * (var - mean * mean);
    mean = (1 - rate) * t->running_mean[c] + rate * mean;
    for (int i = 0; i < b->shape.h * b->shape.w; i++) {
        y[i] = (x[i] - mean) / sqrt(var + eps) * t->gamma[c] + t->beta[c];
        y[i] = y[i] < 0 ? slope * y[i] : y[i];
    }
}

static void expect_batch(trial *t, const built *b, const float *x, const float *own, double *y)
{
    const size_t plane = (size_t)b->shape.h * (size_t)b->shape.w;
    for (int n = 0; n < b->shape.n; n++) {
        for (int c = 0; c < t->channels; c++) {
            const size_t at = (size_t)(n * t->channels + c) * plane;
            expect(t, b, x + at, own + 2 * n, c, t->frames, y + at);
        }
        t->frames += count_own(b, own + 2 * n) > 1;
    }
}

/* ---- a stream -------------------------------------------------------------------------------- */

static void pass(trial *t, const built *b)
{
    const ir_shape s = b->shape;
    const size_t plane = (size_t)s.h * (size_t)s.w, size = shape_size(s);
    float *x = ir_malloc(size * sizeof *x), *got = ir_malloc(size * sizeof *got);
    double *want = ir_malloc(size * sizeof *want);
    float own[2 * MOST_IMAGES];
    for (size_t i = 0; i < size; i++)
        x[i] = draw(t, (int)(i / plane) % t->channels);
    for (int n = 0; n < s.n; n++) {
        own[2 * n] = (float)(1 + ir_rng_below(&t->rng, (uint32_t)b->whole_h));
        own[2 * n + 1] = (float)(1 + ir_rng_below(&t->rng, (uint32_t)b->whole_w));
        if (ir_rng_below(&t->rng, 3) == 0)
            own[2 * n + 1] = (float)b->whole_w; /* rows that are whole lie in one piece */
    }
    expect_batch(t, b, x, own, want);
    ir_node_put(b->graph, b->x, x);
    ir_node_put(b->graph, b->extent, own);
    ir_graph_forward(b->graph);
    ir_node_get(b->graph, b->y, got);
    const double error = relative_error(size, got, want);
    if (!(error <= t->worst)) {
        t->worst = error;
        snprintf(t->where, sizeof t->where, "%dx%dx%dx%d of %dx%d, window %d, rate %g, frame %d",
                 s.n, s.c, s.h, s.w, b->whole_h, b->whole_w, t->window, t->rate, t->frames);
    }
    free(x);
    free(got);
    free(want);
}

static void try_stream(trial *t, ir_backend *backend)
{
    static const int channels[] = {1, 3, 8, 16, 37}, windows[] = {1, 2, 5};
    ir_params *params = ir_params_new(backend);
    t->rate = (1 + ir_rng_below(&t->rng, 4)) / 4.0;
    t->window = choose(t, 3, windows);
    t->channels = choose(t, 5, channels);
    ir_adaptation *a = ir_adaptation_new(backend, t->rate, t->window);
    for (int i = 0; i < GRAPHS; i++)
        t->built[i] = build(t, params, a);
    draw_parameters(t, params);
    for (int i = 0; i < PASSES; i++)
        pass(t, &t->built[i % 3 % GRAPHS]);
    for (int i = 0; i < GRAPHS; i++)
        ir_graph_free(t->built[i].graph);
    ir_adaptation_free(a);
    ir_params_free(params);
}

void check_adapt(const test_options *o, outcome *outcome)
{
    double worst = 0;
    char where[128] = "";
    if (!wanted(o, "adapt"))
        return;
    for (int i = 0; i < CASES; i++) {
        ir_backend *backend = test_backend(o, 1 + i % 2);
        trial *t = ir_calloc(1, sizeof *t);
        t->options = o;
        t->rng = ir_rng_make(o->seed, "adapt", "", (uint64_t)i);
        try_stream(t, backend);
        if (!(t->worst <= worst)) {
            worst = t->worst;
            snprintf(where, sizeof where, "%s", t->where);
        }
        free(t);
        ir_backend_close(backend);
    }
    report(outcome, worst < test_tolerance(o), "adapt", test_label(o), worst,
           "%d streams, worst %s", CASES, where);
}
