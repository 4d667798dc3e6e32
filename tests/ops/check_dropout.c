/* What dropout's randomness must depend on: the seed, the step and the node, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checks.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE };

typedef struct {
    ir_graph *graph;
    ir_node *first, *second; /* two dropouts of the same ones */
} pair;

static pair two_dropouts(ir_params *params)
{
    static const ir_shape shape = {1, 1, SIDE, SIDE};
    pair p = {.graph = ir_graph_new(params, IR_TRAINING)};
    ir_node *x = ir_input(p.graph, shape, false);
    p.first = ir_dropout(p.graph, x, 0.25);
    p.second = ir_dropout(p.graph, x, 0.25);
    ir_graph_keep(p.graph, p.first);
    ir_graph_keep(p.graph, p.second);
    ir_graph_plan(p.graph);
    float *ones = ir_malloc(PIXELS * sizeof *ones);
    for (int i = 0; i < PIXELS; i++)
        ones[i] = 1;
    ir_node_put(p.graph, x, ones);
    free(ones);
    return p;
}

static void run(pair p, uint64_t seed, uint64_t step, float *first, float *second)
{
    ir_graph_set_step(p.graph, seed, step);
    ir_graph_forward(p.graph);
    ir_node_get(p.graph, p.first, first);
    ir_node_get(p.graph, p.second, second);
}

/* Share of pixels in which both are dropped; 1/16 when they are independent. */
static double common(const float *a, const float *b)
{
    int both = 0;
    for (int i = 0; i < PIXELS; i++)
        both += a[i] == 0 && b[i] == 0;
    return (double)both / PIXELS;
}

/* 4096 pixels: the standard deviation of a share of 1/16 is 0.0038. */
static bool independent(const float *a, const float *b)
{
    return common(a, b) > 0.0625 - 0.02 && common(a, b) < 0.0625 + 0.02;
}

/* ... and that of a share of 1/4 0.0068 */
static bool right_share(const float *a)
{
    return common(a, a) > 0.22 && common(a, a) < 0.28;
}

void check_dropout(const test_options *o, outcome *outcome)
{
    static float a[PIXELS], b[PIXELS], a2[PIXELS], b2[PIXELS], a3[PIXELS], b3[PIXELS],
        again[PIXELS], scratch[PIXELS];
    if (!wanted(o, "dropout_bits"))
        return;
    ir_backend *backend = test_backend(o, 2);
    ir_params *params = ir_params_new(backend);
    pair p = two_dropouts(params);
    run(p, o->seed, 7, a, b);
    run(p, o->seed, 8, a2, b2);
    run(p, o->seed + 1, 7, a3, b3);
    run(p, o->seed, 7, again, scratch);
    bool ok = right_share(a) && right_share(b) && independent(a, b) && independent(a, a2) &&
              independent(a, a3) && memcmp(a, again, sizeof a) == 0;
    report(outcome, ok, "dropout_bits", test_label(o), 0, "%.3f dropped, of 0.250", common(a, a));
    ir_graph_free(p.graph);
    ir_params_free(params);
    ir_backend_close(backend);
}
