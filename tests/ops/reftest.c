/* A graph and its reference: starting, drawing numbers, running, comparing. The operations are in
 * reftest_ops.c. */
#include "reftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "graph/graph_internal.h"

void reftest_start(reftest *t, reftest_setup setup, ir_rng rng)
{
    memset(t, 0, sizeof *t);
    t->setup = setup;
    t->rng = rng;
    t->tape.training = setup.mode == IR_TRAINING;
    if (!setup.backend)
        return;
    t->params = setup.params ? setup.params : ir_params_new(setup.backend);
    t->graph = ir_graph_new(t->params, setup.mode);
    if (setup.recompute)
        ir_graph_set_memory_limit(t->graph, 0);
}

void reftest_end(reftest *t)
{
    if (t->graph)
        ir_graph_free(t->graph);
    if (t->params && !t->setup.params)
        ir_params_free(t->params);
    for (int i = 0; i < t->leaves; i++)
        free(t->leaf[i].first);
    for (int i = 0; i < t->outlets; i++)
        free(t->outlet[i].seed);
    tape_free(&t->tape);
}

/* ---- random numbers ---------------------------------------------------------------------------*/

int reftest_between(reftest *t, int low, int high)
{
    return low + (int)ir_rng_below(&t->rng, (uint32_t)(high - low + 1));
}

bool reftest_chance(reftest *t, double p)
{
    return ir_rng_uniform(&t->rng) < p;
}

ir_shape reftest_shape(reftest *t)
{
    if (t->setup.large && reftest_chance(t, 0.25))
        return (ir_shape){reftest_between(t, 1, 2), reftest_between(t, 1, 12),
                          reftest_between(t, 46, 60), reftest_between(t, 46, 60)};
    return (ir_shape){reftest_between(t, 1, 3), reftest_between(t, 1, t->setup.channels),
                      reftest_between(t, 1, t->setup.side), reftest_between(t, 1, t->setup.side)};
}

static double draw_number(ir_rng *rng, filling fill, double fan_in)
{
    switch (fill) {
    case FILL_NORMAL:
        return ir_rng_normal(rng);
    case FILL_STEPS:
        return ((double)ir_rng_below(rng, 9) - 4) / 2;
    case FILL_WIDE:
        return 4 * ir_rng_normal(rng);
    case FILL_OFFSET:
        return 2 + ir_rng_normal(rng);
    case FILL_UNIT:
        return (ir_rng_below(rng, 65536) + 0.5) / 65536;
    case FILL_MASK:
        return ir_rng_below(rng, 8) == 0;
    case FILL_WEIGHT:
        return ir_rng_normal(rng) / sqrt(fan_in);
    case FILL_GAMMA:
        return ir_rng_below(rng, 16) == 0
                   ? 0
                   : (0.5 + ir_rng_uniform(rng)) * (ir_rng_below(rng, 2) ? 1 : -1);
    case FILL_POSITIVE:
        return 2 * pow(1e-3, ir_rng_uniform(rng));
    }
    return 0;
}

/* To the nearest number with so many significant bits, ties to even. */
static float rounded(double x, int bits)
{
    int exponent;
    const double mantissa = frexp(x, &exponent);
    return bits ? (float)ldexp(rint(ldexp(mantissa, bits)), exponent - bits) : (float)x;
}

static void draw_leaf(reftest *t, leaf *l)
{
    ir_shape s = l->ref->shape;
    double fan_in = (double)s.c * s.h * s.w;
    size_t plane = (size_t)s.h * (size_t)s.w;
    bool dead_channel = l->fill == FILL_OFFSET && s.c > 1 && reftest_chance(t, 0.25);
    for (size_t e = 0; e < l->ref->size; e++) {
        l->first[e] = rounded(draw_number(&t->rng, l->fill, fan_in), t->setup.bits);
        if (dead_channel && e / plane % (size_t)s.c == 0)
            l->first[e] = 0;
        l->ref->v[e] = l->first[e];
    }
}

void reftest_fill(reftest *t)
{
    for (int i = 0; i < t->leaves; i++)
        draw_leaf(t, &t->leaf[i]);
    for (int i = 0; i < t->outlets; i++)
        for (size_t e = 0; t->outlet[i].seeded && e < t->outlet[i].value.ref->size; e++)
            t->outlet[i].seed[e] = rounded(ir_rng_normal(&t->rng), t->setup.bits);
}

bool reftest_draw(reftest *t, double margin, bool leaves)
{
    for (int tries = 0; tries < 200; tries++) {
        reftest_fill(t);
        tape_forward(&t->tape);
        if (tape_margin(&t->tape, leaves) > margin)
            return true;
    }
    return false;
}

/* ---- running ----------------------------------------------------------------------------------*/

static bool met[IR_OP_COUNT];

bool reftest_met(ir_op op)
{
    return met[op];
}

void reftest_plan(reftest *t)
{
    for (int i = 0; i < t->graph->nodes; i++)
        met[t->graph->node[i]->call.op] = true;
    ir_graph_plan(t->graph);
    ir_graph_set_step(t->graph, 12345, (uint64_t)reftest_between(t, 0, 1000));
    for (int i = 0; i < t->dropouts; i++)
        ir_node_dropout_key(t->dropout[i].node, t->dropout[i].step->key);
}

ir_param *find_param(ir_params *params, const char *name)
{
    for (size_t i = 0; i < ir_params_count(params); i++)
        if (strcmp(ir_params_at(params, i)->name, name) == 0)
            return ir_params_at(params, i);
    ir_die("the graph has no parameter %s", name);
}

tensor *reftest_find(reftest *t, const char *name)
{
    for (int i = 0; i < t->leaves; i++)
        if (strcmp(t->leaf[i].name, name) == 0)
            return t->leaf[i].ref;
    ir_die("the reference has no parameter %s", name);
}

void reftest_put_inputs(reftest *t)
{
    for (int i = 0; i < t->leaves; i++)
        if (t->leaf[i].node)
            ir_node_put(t->graph, t->leaf[i].node, t->leaf[i].first);
}

void reftest_put(reftest *t)
{
    reftest_put_inputs(t);
    for (int i = 0; i < t->leaves; i++)
        if (!t->leaf[i].node)
            ir_param_put(t->params, find_param(t->params, t->leaf[i].name), t->leaf[i].first);
}

void reftest_run_reference(reftest *t)
{
    tape_forward(&t->tape);
    tape_zero_grads(&t->tape);
    for (int i = 0; i < t->outlets; i++)
        for (size_t e = 0; t->outlet[i].seeded && e < t->outlet[i].value.ref->size; e++)
            t->outlet[i].value.ref->g[e] = t->outlet[i].seed[e];
    if (t->setup.mode == IR_TRAINING)
        tape_backward(&t->tape);
}

static double distance(size_t n, const double *a, const double *b)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += a[i] * a[i];
    }
    return difference == 0 ? 0 : sqrt(difference / norm);
}

double reftest_conditioning(reftest *t)
{
    double **exact = ir_calloc((size_t)t->tape.tensors, sizeof(double *)), worst = 0;
    reftest_run_reference(t);
    for (int i = 0; i < t->tape.tensors; i++) {
        const tensor *x = t->tape.tensor[i];
        exact[i] = ir_malloc(2 * x->size * sizeof **exact);
        memcpy(exact[i], x->v, x->size * sizeof **exact);
        memcpy(exact[i] + x->size, x->g, x->size * sizeof **exact);
    }
    t->tape.rounded = true;
    reftest_run_reference(t);
    t->tape.rounded = false;
    for (int i = 0; i < t->tape.tensors; i++) {
        const tensor *x = t->tape.tensor[i];
        double v = distance(x->size, exact[i], x->v),
               g = distance(x->size, exact[i] + x->size, x->g);
        worst = fmax(worst, fmax(v, g));
        free(exact[i]);
    }
    free(exact);
    return worst;
}

static void run_graph(reftest *t)
{
    ir_graph_forward(t->graph);
    if (t->setup.mode == IR_DETECTION)
        return;
    for (int i = 0; i < t->outlets; i++)
        if (t->outlet[i].seeded)
            ir_node_seed(t->graph, t->outlet[i].value.node, t->outlet[i].seed);
    ir_graph_backward(t->graph);
}

/* ---- comparing --------------------------------------------------------------------------------*/

double relative_error(size_t n, const float *got, const double *want)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(got[i]))
            return INFINITY;
        difference += (got[i] - want[i]) * (got[i] - want[i]);
        norm += want[i] * want[i];
    }
    if (difference == 0)
        return 0;
    return norm > 0 ? sqrt(difference / norm) : INFINITY;
}

/* Everything that can be read from a graph after a run, as (what, name, floats) in a fixed order.
 */
typedef void reader(reftest *t, void *context, const char *what, const char *name, size_t n,
                    const float *got, const double *want);

static void read_outlets(reftest *t, reader *read, void *context)
{
    for (int i = 0; i < t->outlets; i++) {
        const outlet *o = &t->outlet[i];
        if (!o->kept)
            continue;
        float *got = ir_malloc(o->value.ref->size * sizeof *got);
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        ir_node_get(t->graph, o->value.node, got);
        read(t, context, "value", name, o->value.ref->size, got, o->value.ref->v);
        free(got);
    }
}

static void read_grads(reftest *t, reader *read, void *context)
{
    for (int i = 0; i < t->leaves; i++) {
        const leaf *l = &t->leaf[i];
        float *got = ir_malloc(l->ref->size * sizeof *got);
        if (l->node && l->wants_grad) {
            char name[16];
            snprintf(name, sizeof name, "%d", i);
            ir_node_get_grad(t->graph, l->node, got);
            read(t, context, "gradient of input", name, l->ref->size, got, l->ref->g);
        } else if (l->trained) {
            ir_param_get_grad(t->params, find_param(t->params, l->name), got);
            read(t, context, "gradient of", l->name, l->ref->size, got, l->ref->g);
        }
        free(got);
    }
}

static void compare_one(reftest *t, void *context, const char *what, const char *name, size_t n,
                        const float *got, const double *want)
{
    (void)t;
    result *r = context;
    double error = relative_error(n, got, want);
    double *kind = what[0] == 'v'                           ? &r->forward
                   : strcmp(what, "gradient of input") == 0 ? &r->input_grad
                   : what[0] == 'g'                         ? &r->param_grad
                                                            : &r->state;
    *kind = fmax(*kind, error);
    if (error <= r->worst)
        return;
    r->worst = error;
    snprintf(r->where, sizeof r->where, "%s %s", what, name);
}

/* Running statistics: the reference's next ones in training, unchanged in detection. */
static void compare_states(reftest *t, result *r)
{
    for (int i = 0; i < t->tape.steps; i++) {
        const step *s = t->tape.step[i];
        for (int k = 0; s->running_mean && k < 2; k++) {
            const tensor *before = k ? s->running_var : s->running_mean;
            const tensor *next = k ? s->next_var : s->next_mean;
            const leaf *l = t->leaf;
            while (l->ref != before)
                l++;
            float *got = ir_malloc(before->size * sizeof *got);
            ir_param_get(t->params, find_param(t->params, l->name), got);
            compare_one(t, r, "state", l->name, before->size, got,
                        s->training ? next->v : before->v);
            free(got);
        }
    }
}

result reftest_compare(reftest *t)
{
    result r = {.same_bits = true};
    run_graph(t);
    read_outlets(t, compare_one, &r);
    compare_states(t, &r);
    if (t->setup.mode == IR_TRAINING)
        read_grads(t, compare_one, &r);
    return r;
}

/* ---- the same bits again ----------------------------------------------------------------------*/

typedef struct {
    float *bits;
    size_t n, capacity;
} snapshot;

static void append(reftest *t, void *context, const char *what, const char *name, size_t n,
                   const float *got, const double *want)
{
    (void)t, (void)what, (void)name, (void)want;
    snapshot *s = context;
    if (s->n + n > s->capacity) {
        s->capacity = 2 * (s->n + n);
        s->bits = ir_realloc(s->bits, s->capacity, sizeof *s->bits);
    }
    memcpy(s->bits + s->n, got, n * sizeof *got);
    s->n += n;
}

static snapshot take_snapshot(reftest *t)
{
    snapshot s = {0};
    read_outlets(t, append, &s);
    if (t->setup.mode == IR_TRAINING)
        read_grads(t, append, &s);
    return s;
}

/* Large and unlike anything drawn, so that what stays of it is seen. */
static void put_other_inputs(reftest *t)
{
    for (int i = 0; i < t->leaves; i++) {
        const leaf *l = &t->leaf[i];
        if (!l->node)
            continue;
        float *other = ir_malloc(l->ref->size * sizeof *other);
        for (size_t e = 0; e < l->ref->size; e++)
            other[e] = (float)(1000 * ir_rng_normal(&t->rng));
        ir_node_put(t->graph, l->node, other);
        free(other);
    }
}

static bool same_after_others(reftest *t)
{
    snapshot first = take_snapshot(t);
    put_other_inputs(t);
    run_graph(t);
    reftest_put_inputs(t);
    run_graph(t);
    snapshot again = take_snapshot(t);
    bool same = first.n == again.n &&
                (!first.n || memcmp(first.bits, again.bits, first.n * sizeof *first.bits) == 0);
    free(first.bits);
    free(again.bits);
    return same;
}

result reftest_check(reftest *t)
{
    reftest_run_reference(t);
    reftest_put(t);
    result r = reftest_compare(t);
    r.same_bits = same_after_others(t);
    return r;
}
