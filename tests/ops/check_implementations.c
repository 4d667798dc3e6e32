/* oneDNN answers a convolution that it has nothing fast for with its reference implementation, a
 * thousand times slower, and says nothing. No convolution of our networks may end there: the shapes
 * that they are made of, and the networks themselves, are planned (not run) and the backend is
 * asked.
 *
 * Not among them, because no network has them and oneDNN nothing fast: dilation, padding of 4 and
 * more, depthwise kernels but 3x3, and planes smaller than the kernel. */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/onednn.h"
#include "base/base.h"
#include "checks.h"
#include "nets/nets.h"

typedef struct {
    int in, side;
    ir_conv c;
    bool transposed;
} layer;

static const layer layers[] = {
    /* images in, maps out */
    {1, 64, {.out = 8, .kernel = 3, .stride = 2, .pad = 1}, false},
    {1, 64, {.out = 16, .kernel = 3, .pad = 1}, false},
    {3, 64, {.out = 16, .kernel = 3, .pad = 1}, false},
    {4, 64, {.out = 16, .kernel = 3, .pad = 1}, false},
    {16, 64, {.out = 1, .kernel = 1, .bias = true}, false},
    {4, 64, {.out = 1, .kernel = 3, .pad = 1, .bias = true}, false},
    /* residual blocks, also on odd sizes */
    {8, 64, {.out = 8, .kernel = 3, .pad = 1}, false},
    {8, 63, {.out = 16, .kernel = 3, .stride = 2, .pad = 1}, false},
    {8, 63, {.out = 16, .kernel = 1, .stride = 2}, false},
    {16, 31, {.out = 32, .kernel = 3, .stride = 2, .pad = 1}, false},
    {16, 32, {.out = 32, .kernel = 1, .stride = 2}, false},
    {32, 16, {.out = 64, .kernel = 3, .stride = 2, .pad = 1}, false},
    {32, 16, {.out = 64, .kernel = 1, .stride = 2}, false},
    {64, 8, {.out = 64, .kernel = 3, .pad = 1}, false},
    {128, 8, {.out = 256, .kernel = 3, .pad = 1}, false},
    {12, 32, {.out = 12, .kernel = 3, .pad = 1}, false},
    {40, 16, {.out = 24, .kernel = 3, .pad = 1, .bias = true}, false},
    {16, 32, {.out = 16, .kernel = 5, .pad = 2}, false},
    {32, 32, {.out = 16, .kernel = 7, .pad = 3}, false},
    {2, 32, {.out = 1, .kernel = 7, .pad = 3}, false},
    /* attention */
    {64, 1, {.out = 16, .kernel = 1, .bias = true}, false},
    {16, 1, {.out = 64, .kernel = 1}, false},
    {16, 32, {.out = 4, .kernel = 1, .bias = true}, false},
    {4, 32, {.out = 16, .kernel = 1, .bias = true}, false},
    /* spectra */
    {16, 33, {.out = 16, .kernel = 3, .pad = 1, .depthwise = true}, false},
    {13, 33, {.out = 13, .kernel = 3, .pad = 1, .depthwise = true, .bias = true}, false},
    /* on the way up */
    {64, 8, {.out = 32, .kernel = 4, .stride = 2, .pad = 1}, true},
    {32, 16, {.out = 16, .kernel = 4, .stride = 2, .pad = 1, .bias = true}, true},
    {16, 32, {.out = 8, .kernel = 2, .stride = 2}, true},
};

/* Plans g, which is freed, and takes note when that made slow convolutions. */
static void plan(ir_graph *g, ir_node *out, ir_backend *b, const char *what, char *failure,
                 size_t size)
{
    const ir_dnn *dnn = ((ir_cpu *)b)->dnn;
    const char *description = "";
    int before = ir_dnn_slow(dnn, &description);
    ir_graph_keep(g, out);
    if (ir_graph_mode(g) == IR_TRAINING)
        ir_graph_start_backward_at(g, out);
    ir_graph_plan(g);
    if (ir_dnn_slow(dnn, &description) > before && !failure[0])
        snprintf(failure, size, "%s, %s: %s", what,
                 ir_graph_mode(g) == IR_TRAINING ? "training" : "detection", description);
    ir_graph_free(g);
}

static void plan_layer(const layer *l, ir_backend *b, ir_mode mode, int batch, char *failure,
                       size_t size)
{
    ir_params *params = ir_params_new(b);
    ir_graph *g = ir_graph_new(params, mode);
    ir_node *x = ir_input(g, (ir_shape){batch, l->in, l->side, l->side}, mode == IR_TRAINING);
    x = l->transposed ? ir_conv_transpose2d(g, x, "layer", l->c) : ir_conv2d(g, x, "layer", l->c);
    plan(g, ir_relu(g, x), b, "layer", failure, size);
    ir_params_free(params);
}

static void plan_detector(const char *net, bool sfim, ir_backend *b, ir_mode mode, int batch,
                          int side, char *failure, size_t size)
{
    const ir_dnn *dnn = ((ir_cpu *)b)->dnn;
    const char *description = "";
    const int before = ir_dnn_slow(dnn, &description);
    ir_net_options options = ir_net_defaults(net);
    options.sfim = sfim;
    ir_detector *d = ir_detector_new(b, options, 1, &(ir_normalisation){.mean = 0.5, .std = 0.25});
    ir_detector_graph_for(d, mode, batch, side, side, mode == IR_TRAINING ? batch : 0);
    if (ir_dnn_slow(dnn, &description) > before && !failure[0])
        snprintf(failure, size, "%s%s, %s: %s", net, sfim ? " with SFIM" : "",
                 mode == IR_TRAINING ? "training" : "detection", description);
    ir_detector_free(d);
}

static void plan_detectors(ir_backend *b, ir_mode mode, char *failure, size_t size)
{
    int count;
    const char *const *names = ir_net_names(&count);
    for (int i = 0; i < count; i++) {
        plan_detector(names[i], false, b, mode, 2, 128, failure, size);
        plan_detector(names[i], true, b, mode, 2, 128, failure, size);
    }
    plan_detector("acm", false, b, mode, 1, 64, failure, size);
}

static void plan_strategy_net(ir_backend *b, ir_mode mode, int batch, char *failure, size_t size)
{
    ir_params *params = ir_params_new(b);
    ir_graph *g = ir_graph_new(params, mode);
    ir_shape shape = {batch, 1, IR_STRATEGY_NET_SIDE, IR_STRATEGY_NET_SIDE};
    ir_node *x = ir_input(g, shape, false);
    plan(g, ir_strategy_net(g, x, 30), b, "strategy net", failure, size);
    ir_params_free(params);
}

void check_implementations(const test_options *o, outcome *outcome)
{
    char failure[512] = "";
    const size_t size = sizeof failure;
    if (!wanted(o, "implementations") || strcmp(o->device, "cpu") != 0)
        return;
    ir_backend *b = test_backend(o, 2);
    for (ir_mode mode = IR_TRAINING; mode <= IR_DETECTION; mode++) {
        for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
            plan_layer(&layers[i], b, mode, 1, failure, size);
            plan_layer(&layers[i], b, mode, 4, failure, size);
        }
        plan_detectors(b, mode, failure, size);
        plan_strategy_net(b, mode, 4, failure, size);
    }
    report(outcome, !failure[0], "implementations", test_label(o), 0, "%s", failure);
    ir_backend_close(b);
}
