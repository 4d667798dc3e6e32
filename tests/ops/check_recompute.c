/* With too little memory a graph recomputes cheap values in backward: to the same bits, in less
 * memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checks.h"

enum { N = 2, CHANNELS = 16, SIDE = 24, INPUT = N * CHANNELS * SIDE * SIDE };

typedef struct {
    ir_graph *graph;
    ir_node *x, *y;
} built;

static ir_node *conv_bn(ir_graph *g, ir_node *x, const char *conv, const char *bn, bool rectify)
{
    const ir_conv c = {.out = CHANNELS, .kernel = 3, .pad = 1};
    x = ir_batchnorm(g, ir_conv2d(g, x, conv, c), bn, 0.5);
    return rectify ? ir_relu(g, x) : x;
}

/* Chains of values that can all be recomputed, read near and far. */
static built build(ir_params *params, bool enough)
{
    built b = {.graph = ir_graph_new(params, IR_TRAINING)};
    ir_graph *g = b.graph;
    if (!enough)
        ir_graph_set_memory_limit(g, 0);
    b.x = ir_input(g, (ir_shape){N, CHANNELS, SIDE, SIDE}, true);
    ir_node *a = conv_bn(g, b.x, "conv1", "bn1", true);
    ir_node *weight = ir_sigmoid(g, ir_global_avg_pool(g, a));
    ir_node *c = ir_mul(g, ir_mul(g, a, weight, 2), ir_sigmoid(g, ir_channel_mean(g, a)), 1);
    ir_node *half = ir_resize(g, c, SIDE / 2, SIDE / 2, true);
    ir_node *up = ir_resize(g, conv_bn(g, half, "conv2", "bn2", true), SIDE, SIDE, false);
    ir_node *all = ir_concat(g, 3, (ir_node *[]){a, ir_scale(g, c, 3), up});
    all = conv_bn(g, ir_dropout(g, all, 0.1), "conv3", "bn3", false);
    ir_node *spectrum = ir_rfft2(g, all);
    ir_node *real = conv_bn(g, ir_slice(g, spectrum, 0, CHANNELS), "conv4", "bn4", true);
    b.y = conv_bn(g, real, "conv5", "bn5", true);
    ir_graph_start_backward_at(g, b.y);
    ir_graph_plan(g);
    return b;
}

/* One step's input gradient and all parameters' gradients and statistics, from the same start. */
static size_t take_step(const test_options *o, ir_params *params, built b, float *out)
{
    float *numbers = ir_malloc(INPUT * sizeof *numbers);
    ir_rng rng = ir_rng_make(o->seed, "recompute", "", 0);
    ir_params_init(params, o->seed);
    for (int i = 0; i < INPUT; i++)
        numbers[i] = (float)ir_rng_normal(&rng);
    ir_node_put(b.graph, b.x, numbers);
    ir_graph_set_step(b.graph, o->seed, 1);
    ir_graph_forward(b.graph);
    const ir_shape s = ir_node_shape(b.y);
    for (int i = 0; i < s.n * s.c * s.h * s.w; i++)
        numbers[i] = (float)ir_rng_normal(&rng);
    ir_node_seed(b.graph, b.y, numbers);
    ir_graph_backward(b.graph);
    ir_node_get_grad(b.graph, b.x, out);
    size_t size = INPUT;
    for (size_t i = 0; i < ir_params_count(params); i++) {
        const ir_param *p = ir_params_at(params, i);
        if (p->trained)
            ir_param_get_grad(params, p, out + size);
        else
            ir_param_get(params, p, out + size);
        size += p->size;
    }
    free(numbers);
    return size;
}

void check_recompute(const test_options *o, outcome *outcome)
{
    if (!wanted(o, "recompute"))
        return;
    ir_backend *backend = test_backend(o, 2);
    ir_params *params = ir_params_new(backend);
    built roomy = build(params, true), tight = build(params, false);
    float *a = ir_malloc(4 * INPUT * sizeof *a), *b = ir_malloc(4 * INPUT * sizeof *b);
    const size_t size = take_step(o, params, roomy, a);
    bool same = true;
    for (int i = 0; i < 2; i++) /* twice: forward must find its place again */
        same &= take_step(o, params, tight, b) == size && memcmp(a, b, size * sizeof *a) == 0;
    const size_t more = ir_graph_bytes(roomy.graph), less = ir_graph_bytes(tight.graph);
    report(outcome, same && less < more, "recompute", test_label(o), 0,
           "%s bits, %zu bytes, not %zu", same ? "the same" : "other", less, more);
    free(a);
    free(b);
    ir_graph_free(roomy.graph);
    ir_graph_free(tight.graph);
    ir_params_free(params);
    ir_backend_close(backend);
}
