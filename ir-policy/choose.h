/* Choosing one of the 30 strategies. */
#ifndef POLICY_CHOOSE_H
#define POLICY_CHOOSE_H

#include <stdbool.h>

#include "base/philox.h"
#include "stream/record.h"

/* Where strategies come from: the network, or a set that is sampled uniformly. */
enum choice_set { SET_HRL, SET_RANDOM, SET_NOISE, SET_BLUR, SET_ISP, SETS };
extern const char *const choice_set_names[SETS];

/* The uniform distribution of a set other than SET_HRL: log(1/size) in it, -infinity outside. */
void choice_uniform(enum choice_set set, float logp[IR_STRATEGIES]);

/* A strategy drawn from exp(logp). */
int choice_draw(ir_rng *rng, const float logp[IR_STRATEGIES]);

/* Between a strategy's number and its record. A record of a severity that is not played with dies
 * with the record's place, where. */
void choice_to_record(int strategy, const ir_severities *severities, const float *logp,
                      ir_strategy *record);
int choice_from_record(const ir_strategy *record, const ir_severities *severities,
                       const char *where);

#endif
