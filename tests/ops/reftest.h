/* A reference test: a graph and its reference in plain C, built by the same calls, run on the same
 * numbers, compared.
 *
 *     reftest t;
 *     reftest_start(&t, (reftest_setup){.backend = backend, .mode = IR_TRAINING},
 *                   ir_rng_make(1, "example", "", 0));
 *     value x = reftest_input(&t, (ir_shape){2, 13, 7, 9}, FILL_NORMAL, true);
 *     reftest_seed(&t, reftest_conv2d(&t, x, "c", (ir_conv){.out = 5, .kernel = 3}));
 *     reftest_plan(&t);
 *     reftest_draw(&t, 1e-3, false);
 *     result r = reftest_check(&t);
 *     reftest_end(&t);
 *
 * Without a backend only the reference runs: the same cases then check the reference itself. */
#ifndef IR_TESTS_REFTEST_H
#define IR_TESTS_REFTEST_H

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
    float *first;  /* what was put in first */
} leaf;

typedef struct {
    value value;
    bool kept, seeded;
    float *seed;
} outlet;

enum {
    REFTEST_MAX_LEAVES = 96,
    REFTEST_MAX_OUTLETS = 24,
    REFTEST_MAX_DROPOUTS = 8,
    REFTEST_MAX_PARTS = 4, /* of a concat */
    REFTEST_MAX_TEXT = 4000
};

typedef struct {
    ir_backend *backend; /* NULL: the reference alone */
    ir_params *params;   /* NULL: its own */
    ir_mode mode;
    int side;       /* largest height and width of random shapes */
    int channels;   /* largest number of channels */
    bool large;     /* now and then a shape of some 20,000 numbers and more */
    bool recompute; /* backward recomputes what is cheap */
    int bits;       /* significant bits of the numbers that are drawn; 0: those of a float */
} reftest_setup;

typedef struct {
    reftest_setup setup;
    ir_rng rng;
    tape tape;
    ir_graph *graph;
    ir_params *params;
    int leaves, outlets, dropouts;
    leaf leaf[REFTEST_MAX_LEAVES];
    outlet outlet[REFTEST_MAX_OUTLETS];
    struct {
        step *step;
        ir_node *node;
    } dropout[REFTEST_MAX_DROPOUTS];
    char text[REFTEST_MAX_TEXT]; /* the operations, for messages */
} reftest;

/* Relative errors, in 2-norm, the largest of each kind; where the largest of all was. */
typedef struct {
    double forward, input_grad, param_grad, state;
    double worst;
    char where[128];
    bool same_bits; /* the same inputs gave the same results after others had been through */
} result;

void reftest_start(reftest *t, reftest_setup setup, ir_rng rng);
void reftest_end(reftest *t);

int reftest_between(reftest *t, int low, int high);
bool reftest_chance(reftest *t, double p);
ir_shape reftest_shape(reftest *t); /* random, within the setup's limits */

value reftest_input(reftest *t, ir_shape shape, filling fill, bool wants_grad);
value reftest_conv2d(reftest *t, value x, const char *name, ir_conv c);
/* offset: NULL for none */
value reftest_deform_conv2d(reftest *t, value x, const value *offset, const char *name,
                            ir_deform d);
value reftest_conv_transpose2d(reftest *t, value x, const char *name, ir_conv c);
value reftest_batchnorm(reftest *t, value x, const char *name, double momentum);
value reftest_leaky_relu(reftest *t, value x, double slope);
value reftest_relu(reftest *t, value x);
/* reftest_sigmoid() and the other IR_UNARY rows of ops.def. */
#define IR_OPERATION(...)
#define IR_UNARY(NAME, name, ...) value reftest_##name(reftest *t, value x);
#include "backend/ops.def"
value reftest_add(reftest *t, value a, value b);
value reftest_mul(reftest *t, value a, value b, double scale);
value reftest_scale(reftest *t, value x, double factor);
value reftest_concat(reftest *t, int count, const value *x);
value reftest_slice(reftest *t, value x, int first, int channels);
value reftest_max_pool(reftest *t, value x, int kernel, int stride, int pad);
value reftest_avg_pool(reftest *t, value x, int kernel, int stride);
value reftest_resize(reftest *t, value x, int h, int w, bool align_corners);
value reftest_dropout(reftest *t, value x, double p);
value reftest_linear(reftest *t, value x, const char *name, int out);
value reftest_soft_iou(reftest *t, value p, value y, int group);
value reftest_bce(reftest *t, value z, value y, int group);
value reftest_irfft2(reftest *t, value x, int w);

/* The value will be compared after forward. */
void reftest_keep(reftest *t, value v);
/* Backward starts here, from a random gradient. The value is kept too. */
void reftest_seed(reftest *t, value v);
/* The same without keeping its value. */
void reftest_seed_only(reftest *t, value v);

void reftest_plan(reftest *t);
/* Whether any graph planned so far has that operation. */
bool reftest_met(ir_op op);
/* Fills all inputs, parameters, statistics and seeds. */
void reftest_fill(reftest *t);
/* The same, repeated until no value lies within `margin` of a jump of the gradient, where float and
 * double may rightly differ. leaves: counts inputs too. False when all attempts failed. */
bool reftest_draw(reftest *t, double margin, bool leaves);
/* Writes what was drawn into the backend's parameters and inputs. */
void reftest_put(reftest *t);
void reftest_put_inputs(reftest *t);
/* The reference, forward and (from the seeds) backward. */
void reftest_run_reference(reftest *t);
/* How far values and gradients move (relative error of the worst result) when each is rounded to
 * float on the way. No arithmetic in float can do better. */
double reftest_conditioning(reftest *t);
/* Puts everything, runs forward and backward in both, and compares. Then runs other inputs and the
 * first ones once more, whose results must have the same bits. */
result reftest_check(reftest *t);
/* As reftest_check without putting parameters and without the second run. */
result reftest_compare(reftest *t);

/* "NAME.weight" and so on: the reference's tensor. */
tensor *reftest_find(reftest *t, const char *name);
ir_param *find_param(ir_params *params, const char *name);

/* |got - want| / |want| in 2-norm; infinite where something is not finite. */
double relative_error(size_t n, const float *got, const double *want);

#endif
