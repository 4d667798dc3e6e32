/* What every command but init works with: a loaded policy and a stream of batches. */
#ifndef POLICY_SESSION_H
#define POLICY_SESSION_H

#include "batch_stream.h"
#include "policy.h"
#include "policy_options.h"

typedef struct {
    const options *o;
    ir_backend *backend;
    ir_checkpoint *checkpoint;
    policy *policy;
    batch_stream *stream;
    batch *batch; /* of session_next() */
} session;

session session_open(const options *o);
/* Reads the next batch and computes its logp; false at the end of the stream. */
bool session_next(session *s);
/* Computes logp of the batch's images by policy_forward(). Dies, naming the image, when the
 * network's output is not finite. */
void session_forward(policy *p, const batch *b, float *logp);
void session_close(session *s);

#endif
