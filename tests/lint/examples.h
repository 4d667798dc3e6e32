/* What the examples in headers take as given: see examples.py. */
#ifndef IR_LINT_EXAMPLES_H
#define IR_LINT_EXAMPLES_H

#include "graph/graph.h"
#include "nets/nets.h"
#include "reference.h"

extern ir_backend *backend;
extern ir_params *params;
extern const ir_net_options options;
extern const float *images;
extern float *probabilities;
extern const ir_graph *graph;
extern const ir_node *image;

#endif
