/* Choosing one of the 30 strategies: number corruption * 3 + level. */
#include "choose.h"

#include <math.h>
#include <string.h>

#include "base/base.h"

const char *const choice_set_names[SETS] = {"hrl", "random", "noise", "blur", "isp"};

void choice_uniform(enum choice_set set, float logp[IR_STRATEGIES])
{
    int size = 0;

    for (int i = 0; i < IR_STRATEGIES; i++) {
        const char *group = ir_corruptions[i / IR_LEVELS].group;
        bool in = set == SET_RANDOM || strcmp(group, choice_set_names[set]) == 0;
        logp[i] = in ? 0 : -INFINITY;
        size += in;
    }
    for (int i = 0; i < IR_STRATEGIES; i++)
        logp[i] -= (float)log(size);
}

int choice_draw(ir_rng *rng, const float logp[IR_STRATEGIES])
{
    double total = 0, sum = 0, point;
    int last = 0;

    for (int i = 0; i < IR_STRATEGIES; i++)
        total += exp(logp[i]);
    point = ir_rng_uniform(rng) * total;
    for (int i = 0; i < IR_STRATEGIES; i++) {
        double p = exp(logp[i]);
        if (p > 0)
            last = i;
        sum += p;
        if (point < sum)
            return i;
    }
    return last; /* point was within rounding of total */
}

void choice_to_record(int strategy, const ir_severities *severities, const float *logp,
                      ir_strategy *record)
{
    record->corruption = strategy / IR_LEVELS;
    record->severity = severities->level[strategy % IR_LEVELS];
    record->logp = fmin(logp[strategy], 0); /* never above 0, not even by rounding */
}

int choice_from_record(const ir_strategy *record, const ir_severities *severities,
                       const char *where)
{
    int level = ir_severities_level(severities, record->severity);

    if (record->corruption >= IR_CORRUPTIONS)
        ir_die("%s: %s is for testing alone: no policy plays it", where,
               ir_corruptions[record->corruption].name);
    if (level < 0)
        ir_die("%s: severity %d is none of the policy's %d %d %d", where, record->severity,
               severities->level[0], severities->level[1], severities->level[2]);
    return record->corruption * IR_LEVELS + level;
}
