/* ir-policy init: a policy that chooses uniformly. */
#include "options.h"
#include "policy.h"

void init_command(const options *o)
{
    ir_backend *backend = ir_backend_open("cpu", 1);
    policy *p = policy_new(backend, &o->severities, o->seed);

    policy_save(p, o->write);
    policy_free(p);
    ir_backend_close(backend);
}
