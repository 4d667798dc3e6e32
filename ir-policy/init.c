/* ir-policy init: a policy that chooses uniformly. */
#include "policy.h"
#include "policy_options.h"

void init_command(const options *o)
{
    ir_backend *backend = ir_backend_open("cpu", 1);
    policy *p = policy_new(backend, &o->severities, o->seed);
    policy_save(p, o->write);
    policy_free(p);
    ir_backend_close(backend);
}
