/* -d, -j, --precision and --fast: see options.h. */
#include "backend/options.h"

#include <stdlib.h>

#include "base/base.h"

ir_backend_options ir_backend_defaults(void)
{
    const char *device = getenv("IRTOOLS_DEVICE");
    return (ir_backend_options){.device = device && *device ? device : "auto",
                                .precision = IR_TF32};
}

bool ir_backend_option(ir_backend_options *o, int option)
{
    static const char *const precisions[] = {"fp32", "tf32", "bf16"};
    switch (option) {
    case 'd':
        o->device = optarg;
        return true;
    case 'j':
        o->threads = ir_threads(optarg);
        return true;
    case IR_PRECISION:
        o->precision = (ir_precision)ir_choice(optarg, precisions, 3, "--precision");
        return true;
    case IR_FAST:
        o->fast = true;
        return true;
    default:
        return false;
    }
}
