/* The strategy network with its parameters, its checkpoint and its graphs. */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "backend/backend.h"
#include "checkpoint/checkpoint.h"
#include "choose.h"
#include "nets/nets.h"
#include "stream/strategy.h"

enum { POLICY_PIXELS = IR_STRATEGY_NET_SIDE * IR_STRATEGY_NET_SIDE };

typedef struct policy policy;

/* A fresh one: it chooses uniformly. */
policy *policy_new(ir_backend *backend, const ir_severities *severities, uint64_t seed);
/* From a checkpoint of kind "policy", all of it checked. */
policy *policy_load(ir_backend *backend, const ir_checkpoint *checkpoint);
void policy_save(policy *p, const char *path); /* NULL: standard output */
void policy_free(policy *p);

const ir_severities *policy_severities(const policy *p);
double policy_mean(const policy *p); /* the input is (sample/maxval - mean) / std */
double policy_std(const policy *p);

/* From now on policy_forward() gives held corruptions no probability. Usage error: no corruption
 * that the policy knows is left. */
void policy_hold(policy *p, choice_held held);

/* log p of every strategy for each of n images (n x 1 x 128 x 128, normalised), as n x 30. The
 * images are one batch for batch norm. log p is -infinity for corruptions that the policy does not
 * know. Returns the first image for which the network's output is not finite, or -1; finite
 * parameters can overflow. */
int policy_forward(policy *p, int n, const float *images, float *logp);

/* Eq. (7): parameters += lr * gradient. Follows policy_forward() of the same n images. gradient (n
 * x 30): of the objective by log p. */
void policy_ascend(policy *p, int n, const float *gradient, double lr);

#endif
