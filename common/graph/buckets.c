/* Planning: when backward hands its gradients to the sum over the processes of a group.
 *
 * The gradients lie one behind the other in one array. It is cut into buckets of about a mebibyte,
 * large enough for a network's bandwidth to count and not its latency. A bucket is started as soon
 * as the last of its gradients is there: the sum of the last layers, whose backward comes first, is
 * under way while backward goes on with the layers before. */
#include <stdlib.h>

#include "graph/graph_internal.h"

enum { BUCKET = 1 << 18, AFTER_BACKWARD = -1 };

/* For each parameter, the index of the node whose backward writes the gradient last: of all that
 * use it the first one built. A parameter of several nodes is added up after backward. */
static int *find_last_writers(const ir_graph *g)
{
    const size_t params = ir_params_count(g->params);
    int *writer = ir_calloc(params + 1, sizeof *writer);
    for (size_t p = 0; p < params; p++) {
        const ir_param *param = ir_params_at(g->params, p);
        writer[p] = g->nodes - 1;
        for (int i = g->nodes - 1; i >= 0; i--) {
            const ir_call *call = &g->node[i]->call;
            if (!g->node[i]->alias && (call->weight == param || call->bias == param))
                writer[p] = i;
        }
        for (const ir_shared_use *use = g->shared; use; use = use->next)
            if (use->param == param)
                writer[p] = AFTER_BACKWARD;
    }
    return writer;
}

static ir_bucket *add_bucket(ir_graph *g)
{
    g->bucket = ir_realloc(g->bucket, (size_t)g->buckets + 1, sizeof *g->bucket);
    return &g->bucket[g->buckets++];
}

void ir_graph_plan_buckets(ir_graph *g)
{
    if (!g->backend->comm || g->mode != IR_TRAINING)
        return;
    int *writer = find_last_writers(g);
    ir_bucket *open = NULL;
    for (size_t p = ir_params_count(g->params); p-- > 0;) {
        const ir_param *param = ir_params_at(g->params, p);
        if (!param->trained)
            continue;
        if (!open) {
            open = add_bucket(g);
            *open = (ir_bucket){.end = param->grad + param->size, .after = writer[p]};
        }
        open->first = param->grad;
        open->after = writer[p] < open->after ? writer[p] : open->after;
        if (open->end - open->first >= BUCKET)
            open = NULL;
    }
    free(writer);
}

void ir_graph_start_sums(ir_graph *g, int index)
{
    for (int k = 0; k < g->buckets; k++) {
        const ir_bucket *bucket = &g->bucket[k];
        if (bucket->after == index)
            g->backend->sum_start(g->backend, bucket->first, (size_t)(bucket->end - bucket->first));
    }
}
