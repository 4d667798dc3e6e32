/* Several graphs over the same parameters: shapes that alternate, and detection that sees at once
 * what training changed (weights that a backend repacked or folded must not grow stale). */
#include <stdlib.h>

#include "base/base.h"
#include "checks.h"

/* Every operation with parameters, so that each one's cached weights are tried. */
static void network(reftest *t, ir_shape shape)
{
    value x = reftest_input(t, shape, FILL_NORMAL, true);
    x = reftest_conv2d(t, x, "conv", (ir_conv){.out = 12, .kernel = 3, .pad = 1});
    x = reftest_relu(t, reftest_batchnorm(t, x, "bn1", 0.3));
    x = reftest_conv2d(
        t, x, "depthwise",
        (ir_conv){.out = 12, .kernel = 3, .pad = 1, .depthwise = true, .bias = true});
    x = reftest_conv_transpose2d(t, x, "up",
                                 (ir_conv){.out = 9, .kernel = 4, .stride = 2, .pad = 1});
    x = reftest_leaky_relu(t, reftest_batchnorm(t, x, "bn2", 0.3), 0.1);
    reftest_seed(t, x);
    reftest_seed(t, reftest_linear(t, reftest_global_max_pool(t, x), "fc", 7));
}

static reftest *shared_twin(const test_options *o, ir_backend *b, ir_params *params, ir_mode mode,
                            ir_shape shape)
{
    reftest *t = ir_malloc(sizeof *t);
    ir_rng rng = ir_rng_make(o->seed, "sharing", "", (uint64_t)shape.h);
    reftest_start(t, (reftest_setup){.backend = b, .params = params, .mode = mode}, rng);
    network(t, shape);
    reftest_plan(t);
    if (!reftest_draw(t, 1e-5, false))
        ir_die("sharing: no inputs clear of the gradient's jumps");
    return t;
}

static void end_twin(reftest *t)
{
    reftest_end(t);
    free(t);
}

static void report_result(outcome *outcome, const test_options *o, const char *name, double worst,
                          const char *where)
{
    report(outcome, worst < TOLERANCE, name, test_label(o), worst, "%s",
           worst < TOLERANCE ? "" : where);
}

static void keep_worst(result *worst, result r)
{
    if (r.worst >= worst->worst)
        *worst = r;
}

/* a, b, a, b, each with numbers of its own. */
static void check_two_shapes(const test_options *o, outcome *outcome)
{
    ir_backend *backend = test_backend(o, 2);
    ir_params *params = ir_params_new(backend);
    reftest *a = shared_twin(o, backend, params, IR_TRAINING, (ir_shape){2, 5, 9, 7});
    reftest *b = shared_twin(o, backend, params, IR_TRAINING, (ir_shape){3, 5, 6, 10});
    result worst = {0};
    for (int i = 0; i < 4; i++)
        keep_worst(&worst, reftest_check(i % 2 ? b : a));
    report_result(outcome, o, "two_shapes", worst.worst, worst.where);
    end_twin(a);
    end_twin(b);
    ir_params_free(params);
    ir_backend_close(backend);
}

/* What a training step did to the reference's parameters: statistics replaced, gradients followed.
 */
static void follow_step(const reftest *trained, reftest *other, double lr)
{
    for (int i = 0; i < trained->leaves; i++) {
        const leaf *l = &trained->leaf[i];
        if (!l->trained)
            continue;
        tensor *to = reftest_find(other, l->name);
        for (size_t e = 0; e < to->size; e++)
            to->v[e] = l->ref->v[e] - lr * l->ref->g[e];
    }
    for (int i = 0; i < trained->tape.steps; i++) {
        const step *s = trained->tape.step[i], *d = other->tape.step[i];
        for (size_t e = 0; s->running_mean && e < s->running_mean->size; e++) {
            d->running_mean->v[e] = s->next_mean->v[e];
            d->running_var->v[e] = s->next_var->v[e];
        }
    }
}

/* Detection's numbers again, with what training left in the parameters; nothing is put by hand. */
static result detect_after(const reftest *train, reftest *detect, double lr)
{
    follow_step(train, detect, lr);
    tape_forward(&detect->tape);
    reftest_put_inputs(detect);
    return reftest_compare(detect);
}

/* Detection must follow a forward pass (running statistics) and an optimizer's step (all others).
 */
static void check_detection_follows(const test_options *o, outcome *outcome)
{
    const double lr = 0.01;
    ir_backend *backend = test_backend(o, 2);
    ir_params *params = ir_params_new(backend);
    reftest *train = shared_twin(o, backend, params, IR_TRAINING, (ir_shape){2, 5, 9, 7});
    reftest *detect = shared_twin(o, backend, params, IR_DETECTION, (ir_shape){1, 5, 8, 8});
    result before = reftest_check(detect);
    reftest_run_reference(train);
    reftest_put(train);
    ir_graph_forward(detect->graph); /* has packed and folded the weights that were put */
    result now = reftest_compare(train);
    result after_forward = detect_after(train, detect, 0);
    ir_params_sgd(params, lr);
    result after_step = detect_after(train, detect, lr);

    report_result(outcome, o, "detection_before", before.worst, before.where);
    report_result(outcome, o, "training_between", now.worst, now.where);
    report_result(outcome, o, "detection_after_forward", after_forward.worst, after_forward.where);
    report_result(outcome, o, "detection_after_step", after_step.worst, after_step.where);
    end_twin(train);
    end_twin(detect);
    ir_params_free(params);
    ir_backend_close(backend);
}

void check_sharing(const test_options *o, outcome *outcome)
{
    if (!wanted(o, "sharing"))
        return;
    check_two_shapes(o, outcome);
    check_detection_follows(o, outcome);
}
