/* Parameters from the inside: for the files of this directory. */
#ifndef IR_PARAMS_INTERNAL_H
#define IR_PARAMS_INTERNAL_H

#include "params/params.h"

/* Arrays one behind the other, each from a multiple of IR_PARAM_ALIGN numbers on, as a GPU's
 * libraries read 16 bytes at a time and a cache 64; what is between them is and stays 0. */
enum { IR_PARAM_ALIGN = 16 };

typedef struct {
    float *value;
    size_t size, numbers; /* with and without what is between them */
} ir_flat;

struct ir_params {
    ir_backend *backend;
    ir_param **param;
    ir_initial *start; /* of each */
    size_t count;
    bool frozen, have_moments;
    uint64_t version;
    ir_flat trained, state;
    float *grad, *m, *v; /* as trained */
    float *average;      /* of the trained ones over the steps; NULL: there is none */
    float *measured;     /* as state: averages of what was there; NULL: nothing was measured */
};

ir_param *ir_params_find(const ir_params *p, const char *name);

#endif
