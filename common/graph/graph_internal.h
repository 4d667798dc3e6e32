/* The graph from the inside: for the files of graph/, and for tests that read what was planned. */
#ifndef IR_GRAPH_INTERNAL_H
#define IR_GRAPH_INTERNAL_H

#include "base/base.h"
#include "graph/node.h"
#include "graph/operation.h"
#include "graph/profile.h"

/* A further use of a parameter: the same values, a gradient of its own. */
typedef struct ir_shared_use {
    ir_param own, *param;
    struct ir_shared_use *next;
} ir_shared_use;

/* Gradients that are summed over the processes together: those from first to end, started behind
 * the backward of node `after`; -1: behind the last. */
typedef struct {
    float *first, *end;
    int after;
} ir_bucket;

/* A value with a name. */
typedef struct {
    char *name;
    ir_node *node;
} ir_named;

/* A pass that a device may have captured, to replay it at once. */
typedef struct {
    int runs;   /* how often it ran */
    bool tried; /* it ran since the operations last changed */
    void *made; /* the backend's capture, or NULL */
} ir_capture;

struct ir_graph {
    ir_params *params;
    ir_backend *backend;
    ir_mode mode;
    bool planned;
    bool losses_span; /* ir_graph_span_losses() */
    int batch;        /* ir_graph_set_batch(); 0: its images are the batch */

    ir_node **node; /* in the order of building, which is an order of running */
    int nodes, capacity;
    ir_node **dropped; /* built, but nothing depends on them */
    int drops;

    ir_named *feature;
    int features;

    char *scope[16];
    int depth;

    ir_shared_use *shared;
    ir_bucket *bucket;
    int buckets;

    struct ir_adaptation *adaptation; /* of ir_graph_adapt(), or NULL */
    ir_shape adapted;
    ir_node *extent;

    uint64_t seed, step; /* of ir_graph_set_step() */
    ir_share share;      /* of ir_graph_set_share() */

    size_t memory_limit;  /* of ir_graph_set_memory_limit() */
    ir_node **recomputed; /* values that backward recomputes, in its order */
    int recomputed_count;

    void *arena, *scratch; /* backend memory */
    size_t bytes;

    ir_profile *profile; /* or NULL */

    ir_capture forward, backward;
};

/* Fused away or not, it has memory and tables of its own: all but those that are another's. */
static inline bool ir_node_is_prepared(const ir_node *node)
{
    return node->call.op != IR_OP_INPUT && (!node->alias || node->call.op == IR_OP_RESIZE);
}

void ir_graph_adapt_node(ir_graph *g, ir_node *batchnorm); /* adaptation.c: if the graph adapts */

/* The key of dropout for this node and the graph's step. */
void ir_node_dropout_key(const ir_node *node, uint32_t key[2]); /* run.c */

/* The three passes in which an operation runs. */
typedef enum { IR_PASS_FORWARD, IR_PASS_RECOMPUTE, IR_PASS_BACKWARD, IR_PASSES } ir_pass;
void ir_graph_release_captures(ir_graph *g); /* run.c */
void ir_profile_add(ir_profile *p, const ir_node *node, ir_pass pass, double seconds);

/* plan.c's steps that stand on their own */
void ir_graph_prune(ir_graph *g);           /* prune.c */
void ir_graph_fuse(ir_graph *g);            /* fuse.c */
void ir_graph_separate_shared(ir_graph *g); /* shared.c, with the two next */
void ir_graph_add_shared(ir_graph *g);      /* after backward */
void ir_graph_free_shared(ir_graph *g);
void ir_graph_plan_buckets(ir_graph *g); /* buckets.c, with the next */
/* Starts the sums of the gradients that are complete with the backward of node index; -1: of those
 * that are complete after all. */
void ir_graph_start_sums(ir_graph *g, int index);
void ir_graph_allocate(ir_graph *g); /* allocate.c */

/* From the first write to the last read, both included. Time counts what runs: forward of node i is
 * step i; then come the recomputed values, one step each, and the nodes' backward, two steps each.
 */
typedef struct {
    int start, end;
} ir_live_range;

typedef struct {
    ir_live_range value, recomputed, grad; /* recomputed: empty (start > end) where it is not */
    int last;                              /* the step of the node's last run */
} ir_live_ranges;

/* may: for each node whether backward recomputes its value instead of keeping it; NULL: none. Sets
 * each node's recompute_before and the graph's list of recomputed values; returns the last step. */
int ir_graph_find_live_ranges(ir_graph *g, ir_live_ranges *ranges,
                              const bool *may); /* live_ranges.c */
/* Sets each node's in_place_of and grad_in_place_of; extends the live ranges of reused memory. The
 * function above calls it. */
void ir_graph_find_in_place(ir_graph *g, ir_live_ranges *ranges); /* in_place.c */
/* As ir_graph_find_live_ranges(), and chooses what to recompute. */
void ir_graph_recompute(ir_graph *g, ir_live_ranges *ranges); /* recompute.c */

#endif
