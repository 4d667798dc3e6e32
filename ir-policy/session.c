/* What every command but init works with: a loaded policy and a stream of batches. */
#include "session.h"

#include "base/base.h"

session session_open(const options *o)
{
    session s = {.o = o};
    s.checkpoint = ir_checkpoint_read(o->checkpoint, "policy");
    s.backend = ir_backend_open_as(o->backend);
    s.policy = policy_load(s.backend, s.checkpoint);
    policy_hold(s.policy, o->held);
    s.stream = batch_stream_open(o, policy_mean(s.policy), policy_std(s.policy));
    s.batch = batch_new(o->batch);
    return s;
}

void session_forward(policy *p, const batch *b, float *logp)
{
    const int bad = policy_forward(p, b->n, b->input, logp);
    if (bad >= 0)
        ir_die("%s: the policy's output is not a number", b->name[bad]);
}

bool session_next(session *s)
{
    batch *b = s->batch;
    if (!batch_stream_next(s->stream, b))
        return false;
    if (s->o->set == SET_HRL)
        session_forward(s->policy, b, b->logp);
    else
        for (int i = 0; i < b->n; i++)
            choice_uniform(s->o->set, &s->o->held, b->logp + (size_t)i * IR_STRATEGIES);
    return true;
}

void session_close(session *s)
{
    batch_free(s->batch);
    batch_stream_close(s->stream);
    policy_free(s->policy);
    ir_checkpoint_free(s->checkpoint);
    ir_backend_close(s->backend);
}
