/* What a network has learned: named arrays, shared by all graphs that use the name.
 *
 * Names are those of the reference PyTorch state_dict. Trained parameters lie in one flat backend
 * array, their gradients and Adam's moments in three more, and state (running statistics, fixed
 * kernels) in another. An optimizer step is thus one pass over flat memory. */
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
    bool balanced;       /* only sizes are drawn; the signs are +, -, +, - ... */
} ir_initial;

typedef struct ir_params ir_params;

ir_params *ir_params_new(ir_backend *backend);
void ir_params_free(ir_params *params);
ir_backend *ir_params_backend(const ir_params *params);

/* The parameter of that name. The first use makes it; later ones must agree with it. */
ir_param *ir_params_use(ir_params *params, const char *name, int ndim, const int *dim, bool trained,
                        ir_initial start);
ir_layout ir_param_layout(const ir_param *param);
/* Allocates the flat arrays; no new names after that. ir_graph_plan() calls it. */
void ir_params_freeze(ir_params *params);
/* Allocates gradients and Adam's moments, three times the memory of the parameters. Called when a
 * training graph is planned and when moments are loaded. */
void ir_params_allocate_gradients(ir_params *params);

size_t ir_params_count(const ir_params *params);
ir_param *ir_params_at(const ir_params *params, size_t i);
size_t ir_params_trained(const ir_params *params); /* the number of trained numbers */
/* Grows whenever values change, so that backends know when to repack weights. */
uint64_t ir_params_version(const ir_params *params);
void ir_params_changed(ir_params *params); /* a training pass changed running statistics */

/* Draws initial values by Philox (seed, "init", name); Adam's moments become zero. */
void ir_params_init(ir_params *params, uint64_t seed);
/* What a checkpoint is loaded for. Training continues from param/ and state/. Detection prefers
 * ema/ to param/ and measured/ to state/. */
typedef enum { IR_TO_TRAIN, IR_TO_DETECT } ir_purpose;
/* Loads a checkpoint and checks all of its arrays, also those that this purpose does not need.
 * Dies, naming the array, when one is missing, extra or mis-shaped, or when a variance is negative.
 * PyTorch's num_batches_tracked has been dropped before. pass_over: beginnings of names to be
 * ignored, ending with NULL; or NULL. */
void ir_params_load(ir_params *params, const ir_checkpoint *checkpoint, ir_purpose purpose,
                    const char *const *pass_over);
/* Loads only the values, from a checkpoint that these parameters were saved to. */
void ir_params_load_values(ir_params *params, const ir_checkpoint *checkpoint, ir_purpose purpose);
/* Saves to param/, state/ and, if there is an average, ema/; with_adam: to adam/ too. */
void ir_params_save(ir_params *params, ir_checkpoint *checkpoint, bool with_adam);
void ir_params_save_measured(ir_params *params, ir_checkpoint *checkpoint); /* to measured/ */
bool ir_params_have_moments(const ir_params *params); /* an Adam step was made or loaded */

/* Adam (Kingma and Ba 2015) as in PyTorch: bias correction by step, which is 1 for the first; eps
 * outside the root. */
typedef struct {
    double lr, beta1, beta2, eps;
} ir_adam;
void ir_params_adam(ir_params *params, ir_adam adam, long step);
/* Where other processes train the same network, backward has started sums of the gradients over all
 * of them. Waits until each gradient is that sum. */
void ir_params_finish_sums(ir_params *params);
void ir_params_sgd(ir_params *params, double lr); /* value -= lr * grad */

/* The average of the trained parameters over the steps: average += weight (value - average). The
 * first call, with weight 1, starts it. */
void ir_params_average(ir_params *params, double weight);
bool ir_params_have_average(const ir_params *params); /* one was begun or loaded */
void ir_params_drop_average(ir_params *params);
/* After a pass in IR_MEASURING, whose running statistics are those of one batch: takes them into
 * the mean over the batches so far. batch: its number, from 1. */
void ir_params_measure(ir_params *params, int batch);

/* Copies of one array, for tests and statistics. */
void ir_param_get(ir_params *params, const ir_param *param, float *value);
void ir_param_get_grad(ir_params *params, const ir_param *param, float *grad);
void ir_param_put(ir_params *params, ir_param *param, const float *value);

#endif
