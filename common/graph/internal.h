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

/* A value with a name. */
typedef struct {
    char *name;
    ir_node *node;
} ir_named;

/* A pass of a graph that the device knows by heart. */
typedef struct {
    int runs;   /* how often it ran */
    bool tried; /* as it is now */
    void *made; /* the backend's, or NULL */
} ir_recording;

struct ir_graph {
    ir_params *params;
    ir_backend *backend;
    ir_mode mode;
    bool planned;
    bool losses_span; /* ir_graph_span_losses() */

    ir_node **node; /* in the order of building, which is an order of running */
    int nodes, room;
    ir_node **dropped; /* built, but nothing depends on them */
    int drops;

    ir_named *feature;
    int features;

    char *scope[16];
    int depth;

    ir_shared_use *shared;

    struct ir_adaptation *adaptation; /* of ir_graph_adapt(), or NULL */
    ir_shape adapted;
    ir_node *extent;

    uint64_t seed, step; /* of ir_graph_set_step() */
    ir_share share;      /* of ir_graph_set_share() */

    size_t memory;   /* of ir_graph_set_room() */
    ir_node **again; /* values computed again, in the order of backward */
    int agains;

    void *arena, *scratch; /* backend memory */
    size_t bytes;

    ir_profile *profile; /* or NULL */

    ir_recording forward, backward;
};

/* Fused away or not, it has memory and tables of its own: all but those that are another's. */
static inline bool ir_node_is_prepared(const ir_node *node)
{
    return node->call.op != IR_OP_INPUT && (!node->alias || node->call.op == IR_OP_RESIZE);
}

void ir_graph_adapt_node(ir_graph *g, ir_node *batchnorm); /* adaptation.c: if the graph adapts */

/* The key of dropout for this node and the graph's step. */
void ir_node_dropout_key(const ir_node *node, uint32_t key[2]); /* run.c */

/* The three ways in which an operation runs. */
typedef enum { IR_FORWARD, IR_AGAIN, IR_BACKWARD, IR_PASSES } ir_pass;
void ir_graph_forget(ir_graph *g); /* run.c: its recordings */
void ir_profile_add(ir_profile *p, const ir_node *node, ir_pass pass, double seconds);

/* plan.c's steps that stand on their own */
void ir_graph_prune(ir_graph *g);           /* prune.c */
void ir_graph_fuse(ir_graph *g);            /* fuse.c */
void ir_graph_separate_shared(ir_graph *g); /* shared.c, with the two next */
void ir_graph_add_shared(ir_graph *g);      /* after backward */
void ir_graph_free_shared(ir_graph *g);
void ir_graph_allocate(ir_graph *g); /* allocate.c */

/* From a first write to a last read, inclusive. Time counts what is run: forward node i at i, then
 * what is computed again and, in two steps each, the nodes' backward. */
typedef struct {
    int born, dies;
} ir_span;

typedef struct {
    ir_span value, again, grad; /* again: empty (born > dies) where it is not computed again */
    int last;                   /* when the node runs for the last time */
} ir_life;
/* may, of each node, or NULL: where its value is read in backward it is computed again for that
 * instead of kept. Sets each node's again, and the graph's list of them; returns the end of time.
 */
int ir_graph_find_lives(ir_graph *g, ir_life *lives, const bool *may); /* lives.c */
/* Sets each node's over and grad_over, and has what lies under something live as long. */
void ir_graph_overlay(ir_graph *g, ir_life *lives); /* overlay.c, called by the above */
/* As ir_graph_find_lives(), and chooses which. */
void ir_graph_recompute(ir_graph *g, ir_life *lives); /* recompute.c */

#endif
