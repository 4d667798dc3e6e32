/* ir-policy update: learns from strategies that were sampled before and from their rewards.
 *
 * The loaded policy must have made the strategies, since a gradient along another policy's choices
 * would be wrong. So every record's log p is recomputed and compared. From the second batch on, the
 * policy in training has moved away from the loaded one. Then a copy of the loaded policy gives the
 * probabilities, and importance sampling weighs the choices. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "reinforce.h"
#include "session.h"

/* Between machines and thread counts log p differs by rounding, far below this. */
#define LOGP_TOLERANCE 1e-4

typedef struct {
    session s;
    policy *loaded; /* as in the checkpoint; NULL while s.policy still is */
    float *logp;    /* batch x IR_STRATEGIES, of the loaded policy */
    ir_records *strategies, *rewards;
} update;

/* logp of the policy that made the records: the batch's own before the first step. */
static const float *loaded_logp(update *u, bool first)
{
    batch *b = u->s.batch;
    if (first || u->s.o->set != SET_HRL)
        return b->logp;
    if (!u->loaded) {
        u->loaded = policy_load(u->s.backend, u->s.checkpoint);
        policy_hold(u->loaded, u->s.o->held);
        u->logp = ir_calloc((size_t)b->capacity * IR_STRATEGIES, sizeof *u->logp);
    }
    session_forward(u->loaded, b, u->logp);
    return u->logp;
}

static void check_logp(const update *u, const ir_strategy *record, float logp)
{
    const char *where = ir_records_where(u->strategies);
    if (isinf(logp) && u->s.o->held.any)
        ir_die("%s: %s is held (--hold) or not in the set '%s'", where,
               ir_corruptions[record->corruption].name, choice_set_names[u->s.o->set]);
    if (isinf(logp))
        ir_die("%s: %s is not in the set '%s'", where, ir_corruptions[record->corruption].name,
               choice_set_names[u->s.o->set]);
    if (!(fabs(record->logp - logp) <= LOGP_TOLERANCE))
        ir_die("%s: log p is %.6g, but %.6g by this policy and batch: made by another", where,
               record->logp, (double)logp);
}

static void read_batch(update *u, const float *logp)
{
    batch *b = u->s.batch;
    for (int i = 0; i < b->n; i++) {
        ir_strategy strategy;
        ir_reward reward;
        ir_strategy_expect(u->strategies, b->name[i], &strategy);
        b->strategy[i] = choice_from_record(&strategy, policy_severities(u->s.policy),
                                            ir_records_where(u->strategies));
        check_logp(u, &strategy, logp[i * IR_STRATEGIES + b->strategy[i]]);
        ir_reward_expect(u->rewards, b->name[i], &reward);
        b->reward[i] = reward.loss;
    }
}

static void check_ends(const update *u)
{
    ir_strategy strategy;
    ir_reward reward;
    if (ir_strategy_read(u->strategies, &strategy))
        ir_die("%s: %s: more records than images", ir_records_where(u->strategies), strategy.name);
    if (ir_reward_read(u->rewards, &reward))
        ir_die("%s: %s: more records than images", ir_records_where(u->rewards), reward.name);
}

void update_command(const options *o)
{
    update u = {.s = session_open(o)};
    u.strategies = ir_records_open(o->strategies);
    u.rewards = ir_records_open(o->rewards);
    for (bool first = true; session_next(&u.s); first = false) {
        const float *drawn = loaded_logp(&u, first);

        read_batch(&u, drawn);
        reinforce_step(u.s.policy, u.s.batch, first ? NULL : drawn, o);
    }
    check_ends(&u);
    ir_records_close(u.strategies);
    ir_records_close(u.rewards);
    policy_save(u.s.policy, o->write);
    policy_free(u.loaded);
    free(u.logp);
    session_close(&u.s);
}
