/* The options for the device, the same in every program. */
#ifndef IR_BACKEND_OPTIONS_H
#define IR_BACKEND_OPTIONS_H

#include "backend/backend.h"
#include "base/option.h"

enum { IR_PRECISION = 'p', IR_FAST = 'f' }; /* long only */

#define IR_BACKEND_OPTIONS                                                                         \
    {"device", required_argument, NULL, 'd'}, {"threads", required_argument, NULL, 'j'},           \
        {"precision", required_argument, NULL, IR_PRECISION},                                      \
    {                                                                                              \
        "fast", no_argument, NULL, IR_FAST                                                         \
    }

/* $IRTOOLS_DEVICE or auto, all processors, $IRTOOLS_PRECISION or the program's own precision. Dies
 * when the latter names none. */
ir_backend_options ir_backend_defaults(ir_precision precision);
/* Takes -d, -j, --precision (fp32, tf32, bf16, auto) and --fast; false for another option. */
bool ir_backend_option(ir_backend_options *o, int option);

#endif
