/* A graph and its reference, built by the same calls, run on the same numbers, compared.
 *
 *     twin t;
 *     twin_start(&t, (twin_setup){.backend = backend, .mode = IR_TRAINING},
 *                ir_rng_make(1, "example", "", 0));
 *     value x = twin_input(&t, (ir_shape){2, 13, 7, 9}, FILL_NORMAL, true);
 *     twin_seed(&t, twin_relu(&t, twin_conv2d(&t, x, "c", (ir_conv){.out = 5, .kernel = 3})));
 *     twin_plan(&t);
 *     twin_draw(&t, 1e-3, false);
 *     result r = twin_check(&t);
 *     twin_end(&t);
 *
 * Without a backend there is only the reference: the same cases then serve to check that one. */
#ifndef IR_TESTS_TWIN_H
#define IR_TESTS_TWIN_H

#include "base/philox.h"
#include "graph/node.h"
#include "tape.h"

/* How a tensor's numbers are drawn; all are floats exactly. */
typedef enum {
    FILL_NORMAL,
    FILL_STEPS,    /* multiples of 1/2 in [-2, 2]: ties and zeros */
    FILL_WIDE,     /* normal, standard deviation 4 */
    FILL_OFFSET,   /* normal with mean 2, but the first channel constant 0 now and then */
    FILL_UNIT,     /* uniform in (0, 1) */
    FILL_MASK,     /* mostly 0, else 1 */
    FILL_WEIGHT,   /* normal, standard deviation 1 / sqrt(fan in) */
    FILL_GAMMA,    /* 1/2 to 3/2 with any sign, now and then 0 */
    FILL_POSITIVE, /* 1/500 to 2, as likely small as large */
} filling;

typedef struct {
    ir_node *node;
    tensor *ref;
} value;

typedef struct {
    tensor *ref;
    filling fill;
    ir_node *node; /* of an input */
    bool wants_grad;
    char name[64]; /* of a parameter; "" for an input */
    bool trained;  /* or a running statistic */
    float *first;  /* what was put in, to be put in again */
} leaf;

typedef struct {
    value value;
    bool kept, seeded;
    float *seed;
} outlet;

enum {
    TWIN_MAX_LEAVES = 96,
    TWIN_MAX_OUTLETS = 24,
    TWIN_MAX_DROPOUTS = 8,
    TWIN_MAX_PARTS = 4, /* of a concat */
    TWIN_MAX_TEXT = 4000
};

typedef struct {
    ir_backend *backend; /* NULL: the reference alone */
    ir_params *params;   /* NULL: its own */
    ir_mode mode;
    int side;     /* largest height and width of random shapes */
    int channels; /* largest number of channels */
    bool large;   /* now and then a shape of some 20,000 numbers and more */
    bool again;   /* compute again for backward what is cheap */
    int bits;     /* significant bits of the numbers that are drawn; 0: those of a float */
} twin_setup;

typedef struct {
    twin_setup setup;
    ir_rng rng;
    tape tape;
    ir_graph *graph;
    ir_params *params;
    int leaves, outlets, dropouts;
    leaf leaf[TWIN_MAX_LEAVES];
    outlet outlet[TWIN_MAX_OUTLETS];
    struct {
        step *step;
        ir_node *node;
    } dropout[TWIN_MAX_DROPOUTS];
    char text[TWIN_MAX_TEXT]; /* the operations, for messages */
} twin;

/* Relative errors, in 2-norm, the largest of each kind; where the largest of all was. */
typedef struct {
    double forward, input_grad, param_grad, state;
    double worst;
    char where[128];
    bool same_bits; /* the same inputs gave the same results after others had been through */
} result;

void twin_start(twin *t, twin_setup setup, ir_rng rng);
void twin_end(twin *t);

int twin_between(twin *t, int low, int high);
bool twin_chance(twin *t, double p);
ir_shape twin_shape(twin *t); /* random, within the setup's limits */

value twin_input(twin *t, ir_shape shape, filling fill, bool wants_grad);
value twin_conv2d(twin *t, value x, const char *name, ir_conv c);
/* offset: NULL for none */
value twin_deform_conv2d(twin *t, value x, const value *offset, const char *name, ir_deform d);
value twin_conv_transpose2d(twin *t, value x, const char *name, ir_conv c);
value twin_batchnorm(twin *t, value x, const char *name, double momentum);
value twin_leaky_relu(twin *t, value x, double slope);
value twin_relu(twin *t, value x);
value twin_sigmoid(twin *t, value x);
value twin_add(twin *t, value a, value b);
value twin_mul(twin *t, value a, value b, double scale);
value twin_scale(twin *t, value x, double factor);
value twin_concat(twin *t, int count, const value *x);
value twin_slice(twin *t, value x, int first, int channels);
value twin_max_pool(twin *t, value x, int kernel, int stride, int pad);
value twin_avg_pool(twin *t, value x, int kernel, int stride);
value twin_global_avg_pool(twin *t, value x);
value twin_global_max_pool(twin *t, value x);
value twin_channel_mean(twin *t, value x);
value twin_channel_max(twin *t, value x);
value twin_resize(twin *t, value x, int h, int w, bool align_corners);
value twin_dropout(twin *t, value x, double p);
value twin_linear(twin *t, value x, const char *name, int out);
value twin_log_softmax(twin *t, value x);
value twin_soft_iou(twin *t, value p, value y, int group);
value twin_bce(twin *t, value z, value y, int group);
value twin_gradient_magnitude(twin *t, value x);
value twin_rfft2(twin *t, value x);
value twin_irfft2(twin *t, value x, int w);

/* Compared after forward. */
void twin_keep(twin *t, value v);
/* Backward starts here, from a random gradient. Of values with one element or more; also kept. */
void twin_seed(twin *t, value v);
/* The same without keeping its value. */
void twin_seed_only(twin *t, value v);

void twin_plan(twin *t);
/* Whether any twin planned so far has that operation. */
bool twin_met(ir_op op);
/* Fills all inputs, parameters, statistics and seeds. */
void twin_fill(twin *t);
/* The same, anew until no value lies so near a jump of the
 * gradient that float and double may rightly differ. False when that does not come about. */
bool twin_draw(twin *t, double margin, bool leaves);
/* Writes what was drawn into the backend's parameters and inputs. */
void twin_put(twin *t);
void twin_put_inputs(twin *t);
/* The reference, forward and (from the seeds) backward. */
void twin_run_reference(twin *t);
/* How far (relative error, the worst of all results) values and gradients move when each is rounded
 * to float on the way: what no arithmetic in float can be better than. */
double twin_conditioning(twin *t);
/* Puts everything, runs forward and backward in both, compares; other inputs; the first ones again.
 */
result twin_check(twin *t);
/* As twin_check without putting parameters and without the second run. */
result twin_compare(twin *t);

/* "NAME.weight" and so on: the reference's tensor. */
tensor *twin_find(twin *t, const char *name);
ir_param *find_param(ir_params *params, const char *name);

/* |got - want| / |want| in 2-norm; infinite where something is not finite. */
double relative_error(size_t n, const float *got, const double *want);

#endif
