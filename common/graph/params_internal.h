/* Parameters from the inside: for params.c and params_file.c. */
#ifndef IR_PARAMS_INTERNAL_H
#define IR_PARAMS_INTERNAL_H

#include "graph/params.h"

typedef struct {
    float *value;
    size_t size; /* numbers in all */
} ir_flat;

struct ir_params {
    ir_backend *backend;
    ir_param **param;
    size_t count;
    bool frozen, have_moments;
    uint64_t version;
    ir_flat trained, state;
    float *grad, *m, *v; /* as trained */
};

ir_param *ir_params_find(const ir_params *p, const char *name);

#endif
