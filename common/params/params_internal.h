/* Parameters from the inside: for the files of this directory. */
#ifndef IR_PARAMS_INTERNAL_H
#define IR_PARAMS_INTERNAL_H

#include "params/params.h"

/* Arrays one behind the other, each starting at a multiple of IR_PARAM_ALIGN numbers: a GPU's
 * libraries read 16 bytes at a time, a cache line has 64. The gaps are 0 and stay so. */
enum { IR_PARAM_ALIGN = 16 };

typedef struct {
    float *value;
    size_t size, numbers; /* with and without the gaps */
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
    float *average;      /* of the trained numbers over the steps; or NULL */
    float *measured;     /* averages of the state; or NULL */
};

ir_param *ir_params_find(const ir_params *p, const char *name);

#endif
