/* Making and freeing graphs; scopes and the names of parameters. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph_internal.h"

ir_graph *ir_graph_new(ir_params *params, ir_mode mode)
{
    ir_graph *g = ir_calloc(1, sizeof *g);
    g->params = params;
    g->backend = ir_params_backend(params);
    g->mode = mode;
    g->memory_limit = g->backend->training_limit;
    return g;
}

static void free_node(ir_node *node)
{
    free(node->call.in);
    free(node->call.grad_use);
    free(node->call.part);
    free(node);
}

void ir_graph_free(ir_graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_op_table *op = ir_op_of(g->backend, &node->call);
        if (g->planned && ir_node_is_prepared(node) && op && op->release)
            op->release(g->backend, &node->call);
    }
    for (int i = 0; i < g->nodes; i++)
        free_node(g->node[i]);
    for (int i = 0; i < g->drops; i++)
        free_node(g->dropped[i]);
    for (int i = 0; i < g->features; i++)
        free(g->feature[i].name);
    for (int i = 0; i < g->depth; i++)
        free(g->scope[i]);
    free(g->dropped);
    free(g->recomputed);
    free(g->feature);
    ir_graph_free_shared(g);
    free(g->bucket);
    ir_graph_release_captures(g);
    g->backend->free(g->backend, g->arena);
    g->backend->free(g->backend, g->scratch);
    free(g->node);
    free(g);
}

ir_mode ir_graph_mode(const ir_graph *g)
{
    return g->mode;
}

ir_shape ir_node_shape(const ir_node *node)
{
    return node->call.shape;
}

void ir_scope(ir_graph *g, const char *format, ...)
{
    if (g->depth == (int)(sizeof g->scope / sizeof g->scope[0]))
        ir_die("graph: scopes nested too deep");
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const char *outer = g->depth ? g->scope[g->depth - 1] : "";
    g->scope[g->depth++] = ir_format("%s%s%s", outer, *outer ? "." : "", name);
}

void ir_end(ir_graph *g)
{
    free(g->scope[--g->depth]);
}

ir_node *ir_feature(ir_graph *g, ir_node *node, const char *name)
{
    const char *scope = g->depth ? g->scope[g->depth - 1] : "";
    g->feature = ir_realloc(g->feature, (size_t)g->features + 1, sizeof *g->feature);
    g->feature[g->features++] =
        (ir_named){ir_format("%s%s%s", scope, *scope ? "." : "", name), node};
    return node;
}

int ir_graph_features(const ir_graph *g)
{
    return g->features;
}

const char *ir_graph_feature_name(const ir_graph *g, int i)
{
    return g->feature[i].name;
}

ir_node *ir_graph_feature(const ir_graph *g, int i)
{
    return g->feature[i].node;
}

void ir_graph_keep(ir_graph *g, ir_node *node)
{
    (void)g;
    node->kept = true;
}

void ir_graph_start_backward_at(ir_graph *g, ir_node *node)
{
    (void)g;
    node->seeded = true;
    node->kept = true;
}

void ir_graph_set_memory_limit(ir_graph *g, size_t bytes)
{
    g->memory_limit = bytes;
}

void ir_graph_set_step(ir_graph *g, uint64_t seed, uint64_t step)
{
    g->seed = seed;
    g->step = step;
}

void ir_graph_set_batch(ir_graph *g, int images)
{
    g->batch = images;
}

void ir_graph_span_losses(ir_graph *g)
{
    g->losses_span = true;
}

void ir_graph_set_share(ir_graph *g, ir_share share)
{
    g->share = share;
}

size_t ir_graph_bytes(const ir_graph *g)
{
    return g->bytes;
}

double ir_graph_macs(const ir_graph *g)
{
    double macs = 0;
    for (int i = 0; i < g->nodes; i++)
        macs += ir_call_macs(&g->node[i]->call);
    return macs;
}
