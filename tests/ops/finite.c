/* The references' backward passes against central differences of their forward passes:
 *
 *     dL/dx ~ (L(x + h) - L(x - h)) / (2 h),   L = sum over outputs of seed * value
 *
 * in double, on small random shapes; a few dozen elements of every input and parameter. */
#include <math.h>

#include "checks.h"

static const double h = 1e-5;
enum { SAMPLES = 24, ROUNDS = 6 };

static double seeded_sum(reftest *t)
{
    double sum = 0;
    tape_forward(&t->tape);
    for (int i = 0; i < t->outlets; i++)
        for (size_t e = 0; t->outlet[i].seeded && e < t->outlet[i].value.ref->size; e++)
            sum += t->outlet[i].seed[e] * t->outlet[i].value.ref->v[e];
    return sum;
}

static double difference_quotient(reftest *t, double *x)
{
    double before = *x;
    *x = before + h;
    double above = seeded_sum(t);
    *x = before - h;
    double below = seeded_sum(t);
    *x = before;
    return (above - below) / (2 * h);
}

static double leaf_error(reftest *t, tensor *x)
{
    double difference = 0, norm = 0;
    for (int i = 0; i < SAMPLES; i++) {
        size_t e = ir_rng_below(&t->rng, (uint32_t)x->size);
        double got = x->g[e], want = difference_quotient(t, &x->v[e]);
        difference += (got - want) * (got - want);
        norm += want * want;
    }
    if (difference == 0)
        return 0;
    return norm > 0 && isfinite(difference) ? sqrt(difference / norm) : INFINITY;
}

static double case_error(const op_case *op, ir_rng rng)
{
    reftest t;
    double worst = 0;
    reftest_start(&t, (reftest_setup){.mode = IR_TRAINING, .side = 7, .channels = 5}, rng);
    op->random(&t);
    bool drawn = reftest_draw(&t, 4 * h, true);
    if (drawn)
        reftest_run_reference(&t);
    for (int i = 0; drawn && i < t.leaves; i++)
        if (t.leaf[i].wants_grad || t.leaf[i].trained)
            worst = fmax(worst, leaf_error(&t, t.leaf[i].ref));
    reftest_end(&t);
    return drawn ? worst : INFINITY;
}

void check_references(const test_options *options, outcome *outcome)
{
    for (int i = 0; operation(i); i++) {
        const op_case *op = operation(i);
        double worst = 0;
        if (!wanted(options, op->name))
            continue;
        for (int round = 0; round < ROUNDS; round++)
            worst = fmax(worst, case_error(op, ir_rng_make(options->seed, "finite", op->name,
                                                           (uint64_t)round)));
        report(outcome, worst < FINITE_TOLERANCE, op->name, "finite-differences", worst,
               "%d shapes", ROUNDS);
    }
}
