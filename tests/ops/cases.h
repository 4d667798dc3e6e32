/* What is tried: one operation at a time, with the shapes that go wrong first and then random ones;
 * several operations in the ways in which networks combine them; and random graphs. */
#ifndef IR_TESTS_CASES_H
#define IR_TESTS_CASES_H

#include "reftest.h"

typedef struct {
    const char *name;
    int corners;                       /* shapes that are always tried */
    void (*corner)(reftest *t, int i); /* builds the i-th of them */
    void (*random)(reftest *t);        /* builds a random one */
    void (*bench)(reftest *t); /* builds the one to be timed; the last node is the operation */
} op_case;

extern const op_case conv_cases[], pointwise_cases[], pool_cases[], head_cases[], deform_cases[];
extern const int conv_case_count, pointwise_case_count, pool_case_count, head_case_count,
    deform_case_count;

/* A way of combining operations; in both modes. */
typedef struct {
    const char *name;
    void (*build)(reftest *t);
} chain_case;

extern const chain_case fusion_chains[], part_chains[], network_chains[];
extern const int fusion_chain_count, part_chain_count, network_chain_count;

/* A random graph of up to `most` operations. */
void random_graph(reftest *t, int most);

#endif
