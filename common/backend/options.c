/* -d, -j, --precision and --fast: see options.h. */
#include "backend/options.h"

#include <stdlib.h>

#include "base/base.h"

static ir_precision precision_of(const char *text, const char *what)
{
    static const char *const precisions[] = {"fp32", "tf32", "bf16", "auto"};
    return (ir_precision)ir_choice(text, precisions, 4, what);
}

ir_backend_options ir_backend_defaults(ir_precision precision)
{
    const char *device = getenv("IRTOOLS_DEVICE"), *given = getenv("IRTOOLS_PRECISION");
    if (given && *given)
        precision = precision_of(given, "IRTOOLS_PRECISION");
    return (ir_backend_options){.device = device && *device ? device : "auto",
                                .precision = precision};
}

bool ir_backend_option(ir_backend_options *o, int option)
{
    switch (option) {
    case 'd':
        o->device = optarg;
        return true;
    case 'j':
        o->threads = ir_threads(optarg);
        return true;
    case IR_PRECISION:
        o->precision = precision_of(optarg, "--precision");
        return true;
    case IR_FAST:
        o->fast = true;
        return true;
    default:
        return false;
    }
}
