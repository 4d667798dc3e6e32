/* ir-policy sample and play: both choose a strategy for every image; play also learns from the
 * rewards, batch by batch. */
#include "reinforce.h"
#include "session.h"

#include "base/base.h"
#include "base/lines.h"

/* Chooses a batch's strategies, writes and flushes them. */
static void write_strategies(const session *s)
{
    batch *b = s->batch;
    for (int i = 0; i < b->n; i++) {
        const float *logp = b->logp + (size_t)i * IR_STRATEGIES;
        ir_rng rng = ir_rng_make(s->o->seed, "strategy", b->name[i], b->occurrence[i]);
        ir_strategy record;
        snprintf(record.name, sizeof record.name, "%s", b->name[i]);
        b->strategy[i] = choice_draw(&rng, logp);
        choice_to_record(b->strategy[i], policy_severities(s->policy), logp, &record);
        ir_strategy_write(stdout, &record);
    }
    ir_flush(stdout, "standard output");
}

/* Reads the batch's rewards and not one line more, since none may ever come. */
static void read_rewards(batch *b, ir_records *rewards)
{
    for (int i = 0; i < b->n; i++) {
        ir_reward record;
        ir_reward_expect(rewards, b->name[i], &record);
        b->reward[i] = record.loss;
    }
}

void sample_command(const options *o)
{
    session s = session_open(o);
    ir_lines_on_stdout();
    while (session_next(&s))
        write_strategies(&s);
    session_close(&s);
}

/* Batch by batch, as in Algorithm 1. */
static void play(session *s, ir_records *rewards)
{
    while (session_next(s)) {
        write_strategies(s);
        read_rewards(s->batch, rewards);
        reinforce_step(s->policy, s->batch, NULL, s->o);
    }
}

/* --lag 1: writes a batch's strategies before it reads the last batch's rewards. The new images are
 * corrupted while the detector still trains on the last ones. */
static void play_ahead(session *s, ir_records *rewards)
{
    batch *before = batch_new(s->o->batch); /* played, not yet rewarded; empty at first */
    for (bool more = true; more;) {
        more = session_next(s);
        if (more)
            write_strategies(s);
        if (before->n > 0) {
            read_rewards(before, rewards);
            reinforce_late_step(s->policy, before, s->o);
        }
        batch *played = s->batch;
        s->batch = before;
        before = played;
    }
    batch_free(before);
}

void play_command(const options *o)
{
    session s = session_open(o);
    ir_records *rewards = ir_records_open(o->rewards);
    ir_lines_on_stdout();
    if (o->lag > 0)
        play_ahead(&s, rewards);
    else
        play(&s, rewards);
    ir_records_close(rewards);
    policy_save(s.policy, o->write);
    session_close(&s);
}
