/* What a network has learned: named arrays, shared by all graphs that use the name.
 *
 * Names are those of the reference PyTorch state_dict. Trained parameters live in one flat backend
 * array (their gradients and Adam's moments in three more), state (running statistics, fixed
 * kernels) in another; all in plain C order, so an optimizer step is one pass over flat memory. */
#ifndef IR_PARAMS_H
#define IR_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/call.h"

typedef struct ir_checkpoint ir_checkpoint; /* checkpoint/checkpoint.h */

typedef enum {
    IR_INIT_UNIFORM,  /* U(-bound, bound); PyTorch's default for weights: bound = 1/sqrt(fan_in) */
    IR_INIT_CONSTANT, /* all = bound */
    IR_INIT_NORMAL,   /* mean 0, standard deviation = bound */
    IR_INIT_VALUES    /* given, one by one */
} ir_init;

/* How a parameter starts. */
typedef struct {
    ir_init kind;
    double bound;
    const float *values; /* IR_INIT_VALUES; they outlive the parameters */
    bool balanced;       /* of what is drawn the size only: the signs are +, -, +, - ... */
} ir_initial;

typedef struct ir_params ir_params;

ir_params *ir_params_new(ir_backend *backend);
void ir_params_free(ir_params *params);
ir_backend *ir_params_backend(const ir_params *params);

/* The parameter of that name; made on first use, checked to be the same afterwards. */
ir_param *ir_params_use(ir_params *params, const char *name, int ndim, const int *dim, bool trained,
                        ir_initial start);
ir_layout ir_param_layout(const ir_param *param);
/* Allocates the flat arrays; called by ir_graph_plan(). No new names from then on. */
void ir_params_freeze(ir_params *params);
/* Allocates gradients and Adam's moments, which take three times as much again; called when a
 * training graph is planned, and when moments are loaded. */
void ir_params_make_room(ir_params *params);

size_t ir_params_count(const ir_params *params);
ir_param *ir_params_at(const ir_params *params, size_t i);
size_t ir_params_trained(const ir_params *params); /* trainable numbers in all */
/* Goes up whenever values change: backends repack weights when it does. */
uint64_t ir_params_version(const ir_params *params);
void ir_params_changed(ir_params *params); /* by a training pass: running statistics */

/* Initial values drawn by Philox (seed, "init", name); Adam's moments zero. */
void ir_params_init(ir_params *params, uint64_t seed);
/* What a checkpoint is loaded for: to train on from param/ and state/; or to detect by ema/ in
 * place of param/ and measured/ in place of state/, where it has them. */
typedef enum { IR_TO_TRAIN, IR_TO_DETECT } ir_purpose;
/* All families of arrays, those that have no use now checked like the others. Dies naming a
 * missing, extra or mis-shaped array, or a negative variance; the names of PyTorch's
 * num_batches_tracked never arrive here. pass_over: NULL, or beginnings of names that may be there
 * and are not wanted; ends with NULL. */
void ir_params_load(ir_params *params, const ir_checkpoint *checkpoint, ir_purpose purpose,
                    const char *const *pass_over);
/* The values alone, of a checkpoint that these parameters were saved to. */
void ir_params_load_values(ir_params *params, const ir_checkpoint *checkpoint, ir_purpose purpose);
/* Into param/, state/ and ema/, if there is an average; when with_adam, adam/. */
void ir_params_save(ir_params *params, ir_checkpoint *checkpoint, bool with_adam);
void ir_params_save_measured(ir_params *params, ir_checkpoint *checkpoint); /* into measured/ */
bool ir_params_have_moments(const ir_params *params); /* an Adam step was made or loaded */

/* Kingma and Ba 2015 as PyTorch: m, v, bias correction by step (1 for the first), eps outside the
 * root. */
typedef struct {
    double lr, beta1, beta2, eps;
} ir_adam;
void ir_params_adam(ir_params *params, ir_adam adam, long step);
/* Where other processes train the same network, every gradient becomes its sum over all of them. */
void ir_params_sum_gradients(ir_params *params);
void ir_params_sgd(ir_params *params, double lr); /* value -= lr * grad */

/* The trained parameters' average over the steps: average += weight (value - average). It begins
 * with weight 1. */
void ir_params_average(ir_params *params, double weight);
bool ir_params_have_average(const ir_params *params); /* one was begun or loaded */
void ir_params_drop_average(ir_params *params);
/* Takes the running statistics, which a pass in IR_MEASURING has made one batch's, for the batch-th
 * from 1 on: measured is the mean of the batches so far. */
void ir_params_measure(ir_params *params, int batch);

/* Copies of one array, for tests and statistics. */
void ir_param_get(ir_params *params, const ir_param *param, float *value);
void ir_param_get_grad(ir_params *params, const ir_param *param, float *grad);
void ir_param_put(ir_params *params, ir_param *param, const float *value);

#endif
