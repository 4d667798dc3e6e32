/* The graph from the inside: for the files of graph/, and for tests that read what was planned. */
#ifndef IR_GRAPH_INTERNAL_H
#define IR_GRAPH_INTERNAL_H

#include "base/base.h"
#include "graph/node.h"
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
    void *made; /* the backend's, or NULL */
} ir_recording;

struct ir_graph {
    ir_params *params;
    ir_backend *backend;
    ir_mode mode;
    bool planned;

    ir_node **node; /* in the order of building, which is an order of running */
    int nodes, room;
    ir_node **dropped; /* built, but nothing depends on them */
    int drops;

    ir_named *feature;
    int features;

    char *scope[16];
    int depth;

    ir_shared_use *shared;

    uint64_t seed, step; /* of ir_graph_set_step() */

    size_t memory;   /* of ir_graph_set_room() */
    ir_node **again; /* values computed again, in the order of backward */
    int agains;

    void *arena, *scratch; /* backend memory */
    size_t bytes;

    ir_profile *profile; /* or NULL */

    ir_recording forward, backward;
};

/* What the forward values are needed for once more in backward. */
typedef struct {
    bool inputs, output;
} ir_backward_needs;
ir_backward_needs ir_node_backward_needs(const ir_node *node);

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

/* When a value is read, counted in steps: forward of node i is i, backward 2n-1-i. */
typedef struct {
    int last_forward;            /* the whole time's end for what is kept */
    int first_again, last_again; /* in backward; first > last: never */
    int first_grad;              /* its gradient is first written; 2n: never */
} ir_life;
/* recompute: values that are cheap to make are not kept for backward but computed again; sets each
 * node's again. */
void ir_graph_find_lives(ir_graph *g, ir_life *life, bool recompute); /* lives.c */

#endif
