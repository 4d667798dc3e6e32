/* Running a planned graph, and moving values in and out.
 *
 * Where the backend can capture a pass, the second run is captured and replayed from then on; the
 * first run may still choose algorithms. A graph that has run often is tuned: the backend times the
 * algorithms, which takes as long as many runs, and the passes are captured anew. */
#include "base/philox.h"
#include "graph/graph_internal.h"

enum { OFTEN = 20 };

static const ir_node *real(const ir_node *node)
{
    while (node->alias)
        node = node->alias;
    return node;
}

static void run(ir_graph *g, ir_node *node, ir_pass pass)
{
    const ir_op_table *op = ir_op_of(g->backend, &node->call);
    const double start = g->profile ? ir_seconds() : 0;
    if (pass == IR_PASS_BACKWARD)
        op->backward(g->backend, &node->call);
    else if (pass == IR_PASS_RECOMPUTE && op->recompute)
        op->recompute(g->backend, &node->call);
    else
        op->forward(g->backend, &node->call);
    if (!g->profile)
        return;
    if (g->backend->wait)
        g->backend->wait(g->backend);
    ir_profile_add(g->profile, node, pass, ir_seconds() - start);
}

static bool is_run(const ir_node *node)
{
    return !node->alias && node->call.op != IR_OP_INPUT;
}

static void run_forward(ir_graph *g)
{
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        node->call.value = node->place[0];
        if (is_run(node))
            run(g, node, IR_PASS_FORWARD);
    }
}

static void recompute(ir_graph *g, ir_node *node)
{
    node->call.value = node->place[1];
    run(g, node, IR_PASS_RECOMPUTE);
}

static void run_backward(ir_graph *g)
{
    int done = 0;
    for (int i = g->nodes - 1; i >= 0; i--) {
        ir_node *node = g->node[i];
        while (done < g->recomputed_count && g->recomputed[done]->recompute_before == i)
            recompute(g, g->recomputed[done++]);
        if (is_run(node) && node->call.wants_grad)
            run(g, node, IR_PASS_BACKWARD);
        ir_graph_start_sums(g, i);
    }
    ir_graph_add_shared(g);
    ir_graph_start_sums(g, -1);
}

static void run_or_replay(ir_graph *g, ir_capture *r, void (*pass)(ir_graph *g))
{
    ir_backend *b = g->backend;
    r->runs++;
    if (r->made) {
        b->replay(b, r->made);
    } else if (!b->begin_capture || g->profile || !r->tried) {
        pass(g);
        r->tried = true;
    } else {
        b->begin_capture(b);
        pass(g);
        r->made = b->end_capture(b);
        b->replay(b, r->made);
    }
}

void ir_graph_release_captures(ir_graph *g)
{
    ir_capture *all[] = {&g->forward, &g->backward};
    for (int i = 0; i < 2; i++) {
        if (all[i]->made)
            g->backend->release_capture(g->backend, all[i]->made);
        all[i]->made = NULL;
        all[i]->tried = false;
    }
}

/* Tuning overwrites memory, but no input, and makes the captured passes stale. */
static void prepare_pass(ir_graph *g)
{
    const bool tune = g->backend->begin_capture && g->forward.runs == OFTEN;
    if (tune)
        ir_graph_release_captures(g);
    for (int i = 0; i < g->nodes; i++) {
        ir_node *node = g->node[i];
        const ir_op_table *op = ir_op_of(g->backend, &node->call);
        if (!is_run(node))
            continue;
        node->call.version = ir_params_version(g->params);
        if (node->call.op == IR_OP_DROPOUT) {
            ir_node_dropout_key(node, node->call.dropout_key);
            node->call.share = g->share;
        }
        if (tune && op->tune)
            op->tune(g->backend, &node->call);
        if (op->refresh)
            op->refresh(g->backend, &node->call);
    }
}

void ir_graph_forward(ir_graph *g)
{
    prepare_pass(g);
    run_or_replay(g, &g->forward, run_forward);
    if (g->mode != IR_DETECTION)
        ir_params_changed(g->params);
}

void ir_graph_backward(ir_graph *g)
{
    run_or_replay(g, &g->backward, run_backward);
}

void ir_node_put(ir_graph *g, ir_node *node, const float *nchw)
{
    g->backend->put(g->backend, &node->call, node->call.value, nchw);
}

void ir_node_get(ir_graph *g, const ir_node *node, float *nchw)
{
    const ir_node *from = real(node);
    if (!from->kept)
        ir_die("graph: a value is read that was not kept");
    g->backend->get(g->backend, &from->call, from->call.value, nchw);
}

void ir_node_fetch(ir_graph *g, ir_node *node)
{
    while (node->alias)
        node = node->alias;
    if (!node->kept)
        ir_die("graph: a value is fetched that was not kept");
    if (g->backend->fetch)
        g->backend->fetch(g->backend, &node->call);
}

void ir_node_seed(ir_graph *g, ir_node *node, const float *nchw)
{
    const ir_node *to = real(node);
    if (!to->seeded || !to->call.grad)
        ir_die("graph: backward does not start at this node");
    g->backend->put(g->backend, &to->call, to->call.grad, nchw);
}

void ir_node_get_grad(ir_graph *g, const ir_node *node, float *nchw)
{
    if (node->call.op != IR_OP_INPUT || !node->call.grad)
        ir_die("graph: a gradient is read that was not wanted");
    g->backend->get(g->backend, &node->call, node->call.grad, nchw);
}

void ir_node_dropout_key(const ir_node *node, uint32_t key[2])
{
    char item[32];
    snprintf(item, sizeof item, "%d", node->index);
    ir_rng rng = ir_rng_make(node->graph->seed, "dropout", item, node->graph->step);
    key[0] = ir_rng_u32(&rng);
    key[1] = ir_rng_u32(&rng);
}
