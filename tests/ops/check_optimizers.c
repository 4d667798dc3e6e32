/* Adam, gradient descent and averages: the backend's loops on flat arrays, and Adam's bias
 * correction as ir_params_adam() makes it. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "checks.h"
#include "reference.h"

enum { STEPS = 6 };

typedef struct {
    size_t n;
    float *x, *g, *m, *v; /* in the backend's memory */
    float *host;
    double *want_x, *want_g, *want_m, *want_v;
} arrays;

static arrays make_arrays(ir_backend *b, size_t n)
{
    arrays a = {.n = n};
    float **device[] = {&a.x, &a.g, &a.m, &a.v};
    double **want[] = {&a.want_x, &a.want_g, &a.want_m, &a.want_v};
    for (int i = 0; i < 4; i++) {
        *device[i] = b->alloc(b, n * sizeof(float));
        *want[i] = ir_calloc(n, sizeof(double));
    }
    a.host = ir_calloc(n, sizeof *a.host);
    return a;
}

static void free_arrays(ir_backend *b, arrays *a)
{
    float *device[] = {a->x, a->g, a->m, a->v};
    double *want[] = {a->want_x, a->want_g, a->want_m, a->want_v};
    for (int i = 0; i < 4; i++) {
        b->free(b, device[i]);
        free(want[i]);
    }
    free(a->host);
}

static void new_gradient(ir_backend *b, arrays *a, ir_rng *rng)
{
    for (size_t i = 0; i < a->n; i++) {
        a->host[i] = (float)(ir_rng_normal(rng) * pow(10, -4 * ir_rng_uniform(rng)));
        a->want_g[i] = a->host[i];
    }
    b->write(b, a->g, a->host, (ir_layout){a->n, 1, 1});
}

static double array_error(ir_backend *b, arrays *a, const float *device, const double *want)
{
    b->read(b, device, a->host, (ir_layout){a->n, 1, 1});
    return relative_error(a->n, a->host, want);
}

/* From zero, so that x is all steps and no starting value hides them. */
static double adam_error(ir_backend *b, size_t n, ir_rng *rng)
{
    /* rounded as the backend gets them */
    const double beta1 = 0.9, beta2 = 0.999;
    const float eps = 1e-8F, lr = 5e-4F;
    arrays a = make_arrays(b, n);
    for (int step = 1; step <= STEPS; step++) {
        double correction1 = 1 - pow(beta1, step), correction2 = 1 - pow(beta2, step);
        new_gradient(b, &a, rng);
        b->adam(b, a.x, a.g, a.m, a.v, n, (float)(lr / correction1), beta1, beta2,
                (float)(1 / sqrt(correction2)), eps);
        ref_adam(n, a.want_x, a.want_g, a.want_m, a.want_v, lr, beta1, beta2, eps, step);
    }
    double worst = fmax(array_error(b, &a, a.x, a.want_x), array_error(b, &a, a.m, a.want_m));
    worst = fmax(worst, array_error(b, &a, a.v, a.want_v));
    free_arrays(b, &a);
    return worst;
}

static double sgd_error(ir_backend *b, size_t n, ir_rng *rng)
{
    arrays a = make_arrays(b, n);
    for (int step = 1; step <= STEPS; step++) {
        new_gradient(b, &a, rng);
        b->sgd(b, a.x, a.g, n, 0.1F);
        ref_sgd(n, a.want_x, a.want_g, 0.1F);
    }
    double worst = array_error(b, &a, a.x, a.want_x);
    free_arrays(b, &a);
    return worst;
}

static double average_error(ir_backend *b, size_t n, ir_rng *rng)
{
    static const float weight[STEPS] = {1, 0.9F, 1.0F / 3, 0.5F, 1e-3F, 1};
    arrays a = make_arrays(b, n);
    double worst = 0;
    for (int step = 0; step < STEPS; step++) {
        new_gradient(b, &a, rng);
        b->average(b, a.x, a.g, n, weight[step]);
        ref_average(n, a.want_x, a.want_g, weight[step]);
        worst = fmax(worst, array_error(b, &a, a.x, a.want_x));
    }
    for (size_t i = 0; i < n; i++) /* weight 1 copies */
        worst = (double)a.host[i] == a.want_g[i] ? worst : 1;
    free_arrays(b, &a);
    return worst;
}

/* ---- through ir_params ------------------------------------------------------------------------*/

/* A linear layer trained for a few steps from zero; its gradients are read back, so that only the
 * optimizer is compared. */
static double params_adam_error(ir_backend *b, uint64_t seed)
{
    const ir_adam adam = {.lr = 5e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    reftest t;
    double worst = 0;
    reftest_start(&t, (reftest_setup){.backend = b, .mode = IR_TRAINING},
                  ir_rng_make(seed, "adam", "", 0));
    value x = reftest_input(&t, (ir_shape){3, 13, 1, 1}, FILL_NORMAL, false);
    reftest_seed(&t, reftest_linear(&t, x, "fc", 7));
    reftest_plan(&t);

    ir_param *p = find_param(t.params, "fc.weight");
    float *host = ir_calloc(p->size, sizeof *host);
    double *want[4]; /* value, gradient, m, v */
    for (int i = 0; i < 4; i++)
        want[i] = ir_calloc(p->size, sizeof **want);
    reftest_fill(&t);
    reftest_put(&t);
    ir_param_put(t.params, p, host);
    for (int step = 1; step <= STEPS; step++) {
        reftest_fill(&t);
        reftest_put_inputs(&t);
        reftest_compare(&t);
        ir_param_get_grad(t.params, p, host);
        for (size_t i = 0; i < p->size; i++)
            want[1][i] = host[i];
        ir_params_adam(t.params, adam, step);
        ref_adam(p->size, want[0], want[1], want[2], want[3], adam.lr, adam.beta1, adam.beta2,
                 adam.eps, step);
        ir_param_get(t.params, p, host);
        worst = fmax(worst, relative_error(p->size, host, want[0]));
    }
    for (int i = 0; i < 4; i++)
        free(want[i]);
    free(host);
    reftest_end(&t);
    return worst;
}

static void report_error(outcome *outcome, const test_options *o, const char *name, double error)
{
    report(outcome, error < TOLERANCE, name, test_label(o), error, "%d steps", STEPS);
}

void check_optimizers(const test_options *o, outcome *outcome)
{
    static const size_t sizes[] = {1, 7, 64, 100003};
    ir_rng rng = ir_rng_make(o->seed, "optimizers", "", 0);
    ir_backend *b = test_backend(o, 2);
    double adam = 0, sgd = 0, average = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (wanted(o, "adam"))
            adam = fmax(adam, adam_error(b, sizes[i], &rng));
        if (wanted(o, "sgd"))
            sgd = fmax(sgd, sgd_error(b, sizes[i], &rng));
        if (wanted(o, "average"))
            average = fmax(average, average_error(b, sizes[i], &rng));
    }
    if (wanted(o, "adam"))
        report_error(outcome, o, "adam", adam);
    if (wanted(o, "sgd"))
        report_error(outcome, o, "sgd", sgd);
    if (wanted(o, "average"))
        report_error(outcome, o, "average", average);
    if (wanted(o, "params_adam"))
        report_error(outcome, o, "params_adam", params_adam_error(b, o->seed));
    ir_backend_close(b);
}
