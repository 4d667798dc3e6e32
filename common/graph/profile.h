/* Where the time of graphs goes: seconds, arithmetic and memory traffic by kind of operation. */
#ifndef IR_PROFILE_H
#define IR_PROFILE_H

#include <stdio.h>

#include "graph/graph.h"

typedef struct ir_profile ir_profile;

ir_profile *ir_profile_new(void);
void ir_profile_free(ir_profile *profile);
/* From now on the graph's operations are timed one by one and added to the profile, which may be
 * that of other graphs too; NULL: no longer. */
void ir_graph_set_profile(ir_graph *g, ir_profile *profile);
/* A table, most seconds first: operation, pass (forward, recompute, backward), calls, seconds,
 * share in percent, GFLOP/s of what counts a multiplication and an addition as two, and GB/s of
 * values and gradients read and written (a lower bound: weights and what lies in between are not
 * counted). */
void ir_profile_print(const ir_profile *profile, FILE *to);

#endif
