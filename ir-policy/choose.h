/* Choosing one of the 30 strategies. */
#ifndef POLICY_CHOOSE_H
#define POLICY_CHOOSE_H

#include <stdbool.h>

#include "base/philox.h"
#include "stream/record.h"

/* Where strategies come from: the network, or a set that is sampled uniformly. */
enum choice_set { SET_HRL, SET_RANDOM, SET_NOISE, SET_BLUR, SET_ISP, SETS };
extern const char *const choice_set_names[SETS];

/* --hold: corruptions that are not played. */
typedef struct {
    bool any;
    bool corruption[IR_CORRUPTIONS];
} choice_held;

/* Of a list of groups and names, "noise,jpeg" or "noise jpeg". Usage error: one that is unknown,
 * none, or all. */
choice_held choice_held_parse(const char *list);

/* The uniform distribution of a set other than SET_HRL, less what is held: log(1/size) in it,
 * -infinity outside. Usage error when nothing is left. */
void choice_uniform(enum choice_set set, const choice_held *held, float logp[IR_STRATEGIES]);

/* log p given that nothing held is drawn: log p - log sum_j p_j over what is not held, -infinity
 * for what is. */
void choice_restrict(const choice_held *held, float logp[IR_STRATEGIES]);
/* From the gradient by the restricted log p to that by log p: g_k - p_k sum_j g_j, p being the
 * restricted, and 0 for what is held. */
void choice_restrict_gradient(const choice_held *held, const float logp[IR_STRATEGIES],
                              float gradient[IR_STRATEGIES]);

/* A strategy drawn from exp(logp). */
int choice_draw(ir_rng *rng, const float logp[IR_STRATEGIES]);

/* Convert between a strategy's number and its record. A record with a severity that the policy does
 * not play dies; where: the record's place, for the message. */
void choice_to_record(int strategy, const ir_severities *severities, const float *logp,
                      ir_strategy *record);
int choice_from_record(const ir_strategy *record, const ir_severities *severities,
                       const char *where);

#endif
