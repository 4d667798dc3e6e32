/* REINFORCE: the gradient that a batch's rewards give. */
#ifndef POLICY_REINFORCE_H
#define POLICY_REINFORCE_H

#include "policy.h"
#include "policy_batch.h"
#include "policy_options.h"

/* One step of policy p towards the strategies that were rewarded (b->strategy, b->reward); p
 * computed b->logp. drawn: n x 30, log p of the policy q that drew the strategies, each of which
 * then counts p / q times (importance sampling); NULL if p itself drew them. Learns nothing when
 * the strategies came from a uniform set. With -v, reports the rewards. */
void reinforce_step(policy *p, const batch *b, const float *drawn, const options *o);
/* The same for strategies that p drew before its last step. Recomputes b->logp. */
void reinforce_late_step(policy *p, batch *b, const options *o);

#endif
