/* Adapting batch norms: the graph's side. The arithmetic is the backends' (backend/adapt.h). */
#include "graph/adaptation.h"

#include <stdlib.h>

#include "backend/adapt.h"
#include "graph/graph_internal.h"

typedef struct {
    const ir_param *layer; /* its running mean */
    double *seen;          /* backend memory: of each channel an ir_adapt() history */
} history;

struct ir_adaptation {
    ir_backend *backend;
    double rate;
    int window;
    history *history;
    size_t histories;
};

ir_adaptation *ir_adaptation_new(ir_backend *backend, double rate, int window)
{
    ir_adaptation *a = ir_calloc(1, sizeof *a);
    a->backend = backend;
    a->rate = rate;
    a->window = window;
    return a;
}

void ir_adaptation_free(ir_adaptation *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->histories; i++)
        a->backend->free(a->backend, a->history[i].seen);
    free(a->history);
    free(a);
}

ir_node *ir_graph_adapt(ir_graph *g, ir_adaptation *a, const ir_node *image)
{
    if (g->mode != IR_DETECTION)
        ir_die("graph: batch norms adapt in detection alone");
    g->adaptation = a;
    g->adapted = image->call.shape;
    g->extent = ir_input(g, (ir_shape){image->call.shape.n, 1, 1, 2}, false);
    g->extent->call.fp32 = true; /* bfloat16 has not every number of pixels */
    return g->extent;
}

static double *seen_by(ir_adaptation *a, const ir_param *layer)
{
    const size_t numbers = layer->size * IR_ADAPT_NUMBERS(a->window);
    for (size_t i = 0; i < a->histories; i++)
        if (a->history[i].layer == layer)
            return a->history[i].seen;
    a->history = ir_realloc(a->history, a->histories + 1, sizeof *a->history);
    a->history[a->histories] =
        (history){layer, a->backend->alloc(a->backend, numbers * sizeof(double))};
    return a->history[a->histories++].seen;
}

void ir_graph_adapt_node(ir_graph *g, ir_node *node)
{
    ir_adaptation *a = g->adaptation;
    if (!a)
        return;
    node->call.adapt = (ir_adapting){.rate = a->rate,
                                     .window = a->window,
                                     .h = g->adapted.h,
                                     .w = g->adapted.w,
                                     .extent = &g->extent->call,
                                     .seen = seen_by(a, node->call.running_mean)};
}
