/* REINFORCE: the gradient that a batch's rewards give. */
#ifndef POLICY_REINFORCE_H
#define POLICY_REINFORCE_H

#include "batch.h"
#include "options.h"
#include "policy.h"

/* One step of policy p, which made b->logp, towards what was rewarded (b->strategy, b->reward).
 * drawn: n x 30, log p of the policy q that drew the strategies; NULL where that was p as it is.
 * What q drew counts p / q times, so that the expectation is p's (importance sampling). With a
 * uniform set nothing is learned. -v: says what it saw. */
void reinforce_step(policy *p, const batch *b, const float *drawn, const options *o);
/* The same when p has learned since it made b->logp and drew from it; b->logp is computed anew. */
void reinforce_late_step(policy *p, batch *b, const options *o);

#endif
