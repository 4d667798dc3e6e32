/* A learned detector: a network, its options, and its graphs by shape.
 *
 * A network (nets/acm.c, ...) is a function from an image node to probability maps. This file wraps
 * it for the programs, which load a checkpoint, get graphs for training and detection, and save. */
#ifndef IR_DETECTOR_H
#define IR_DETECTOR_H

#include <stdio.h>

#include "graph/graph.h"
#include "graph/profile.h"
#include "stream/normalisation.h"

typedef struct {
    char net[32];       /* "acm", ... */
    bool prior;         /* --init prior: the head's bias starts at the log-odds of a target pixel */
    double bn_momentum; /* of those batch norms whose momentum the published code sets */
    double dropout;     /* probability, where the network has a dropout */
    bool sfim;          /* SFIM at the fusion points; balistd: in every block */
} ir_net_options;

typedef struct {
    ir_graph *graph;
    ir_node *image;       /* N,1,H,W, normalised */
    ir_node *probability; /* N,1,H,W */
    ir_node *mask;        /* training: N,1,H,W, 0 or 1 */
    ir_node *reward;      /* training: N,1,1,1, each image's soft-IoU loss of the mask */
    ir_node *objective;   /* training: (N/group),1,1,1, what backward starts from */
    ir_node *feature;     /* the one asked for, or NULL */
    ir_node *extent;      /* detection that adapts: N,1,1,2, ir_graph_adapt()'s; else NULL */
} ir_detector_graph;

typedef struct ir_detector ir_detector;

/* Dies (usage error) on an unknown network, listing those there are. */
void ir_net_check(const char *net);
const char *const *ir_net_names(int *count);

/* The options that a network starts with: prior, batch norm momentum 0.1, dropout 0.1; SFIM for
 * balistd. Dies as ir_net_check(). */
ir_net_options ir_net_defaults(const char *net);

/* A fresh detector with initial values drawn by seed. normalisation: of its input. */
ir_detector *ir_detector_new(ir_backend *backend, ir_net_options options, uint64_t seed,
                             const ir_normalisation *normalisation);
/* A detector from a checkpoint, all of which is checked. */
ir_detector *ir_detector_load(ir_backend *backend, const ir_checkpoint *checkpoint,
                              ir_purpose purpose);
/* Into a new checkpoint of kind "detector": meta (net, options, normalisation) and arrays. The
 * caller adds its own meta (step, images, seed) before writing. */
ir_checkpoint *ir_detector_save(ir_detector *detector, bool with_adam);
void ir_detector_free(ir_detector *detector);

ir_params *ir_detector_params(ir_detector *detector);
const ir_net_options *ir_detector_options(const ir_detector *detector);
const ir_normalisation *ir_detector_normalisation(const ir_detector *detector);
/* Change the graphs made from now on (--bn-momentum, --dropout, --feature). */
void ir_detector_set_bn_momentum(ir_detector *detector, double momentum);
void ir_detector_set_dropout(ir_detector *detector, double probability);
/* Train on soft-IoU plus weight times the binary cross-entropy. The weight is 0 at first. */
void ir_detector_set_bce(ir_detector *detector, double weight);
/* Train on losses over whole batches: where other processes train the same network, over their
 * images of the batch as well. */
void ir_detector_set_whole_batch(ir_detector *detector);
/* The graphs asked for from now on are of some images of a batch of so many, of which other
 * processes have the rest: ir_graph_set_batch(). 0, as at first: they are all of it. */
void ir_detector_set_batch(ir_detector *detector, int images);
/* Detect with batch norms that follow the frames: see graph/adaptation.h. Starts with no frames. */
void ir_detector_set_adaptation(ir_detector *detector, double rate, int window);
/* Time what the graphs made from now on do, into profile. */
void ir_detector_set_profile(ir_detector *detector, ir_profile *profile);
/* Keep the value of that name (graph.h's ir_feature). Dies when the network has none. */
void ir_detector_set_feature(ir_detector *detector, const char *name);
/* The names that there are, one a line. */
void ir_detector_print_features(ir_detector *detector, FILE *to);

/* The graph for n images of h x w (multiples of ir_detector_multiple()). The first use makes it;
 * the most recent few are kept, so the graph is valid until the next call. group: images per loss
 * of the objective (1: per image); 0 with IR_DETECTION and IR_MEASURING, which have no objective.
 */
ir_detector_graph *ir_detector_graph_for(ir_detector *detector, ir_mode mode, int n, int h, int w,
                                         int group);
int ir_detector_multiple(const ir_detector *detector); /* 32 */

/* How to cut a frame that is too large for the network: square tiles with this side, whose
 * neighbours share `overlap` pixels; both are multiples of ir_detector_multiple(). */
typedef struct {
    int side, overlap;
} ir_detector_tiles;

ir_detector_tiles ir_detector_tile(const ir_detector *detector);

#endif
