/* What every command but init works with: a loaded policy and a stream of batches. */
#ifndef POLICY_SESSION_H
#define POLICY_SESSION_H

#include "batch.h"
#include "options.h"
#include "policy.h"

typedef struct {
    const options *o;
    ir_backend *backend;
    ir_checkpoint *checkpoint;
    policy *policy;
    batch *batch;
} session;

session session_open(const options *o);
/* The next batch with its b->logp; false at the end of the stream. */
bool session_next(session *s);
/* logp: policy_forward() of the batch's images; dies, naming the image, where it is not finite. */
void session_forward(policy *p, const batch *b, float *logp);
void session_close(session *s);

#endif
