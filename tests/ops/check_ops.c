/* Operations, chains of them and random graphs on a backend, against the reference. */
#include <math.h>

#include "base/base.h"
#include "checks.h"

/* Values nearer than this to a jump of the gradient are drawn anew, as are those of chains and
 * graphs whose results rounding alone would move by more than this. */
static const double margin = 1e-5, conditioning = 2e-7;

typedef struct {
    double forward, input_grad, param_grad, state, worst;
    int cases;
    char failure[REFTEST_MAX_TEXT + 600]; /* of the first case that failed; "" */
} summary;

/* What a case runs on. */
typedef struct {
    const test_options *options;
    ir_backend *backend;
    int threads;
    ir_mode mode;
} place;

static reftest_setup setup_for(place at)
{
    return (reftest_setup){.backend = at.backend,
                           .mode = at.mode,
                           .side = 17,
                           .channels = 37,
                           .bits = at.options->precision == IR_BF16 ? 8 : 0,
                           .large = at.threads > 1,
                           .recompute = at.threads > 1};
}

static void fail(summary *s, const reftest *t, place at, const char *which, const char *why)
{
    if (!s->failure[0])
        snprintf(s->failure, sizeof s->failure, "%s, %d thread%s, %s: %s: %s", which, at.threads,
                 at.threads > 1 ? "s" : "", at.mode == IR_TRAINING ? "training" : "detection", why,
                 t->text);
}

static void add_result(summary *s, const reftest *t, const result *r, place at, const char *which)
{
    s->forward = fmax(s->forward, r->forward);
    s->input_grad = fmax(s->input_grad, r->input_grad);
    s->param_grad = fmax(s->param_grad, r->param_grad);
    s->state = fmax(s->state, r->state);
    s->worst = fmax(s->worst, r->worst);
    s->cases++;
    if (!(r->worst < test_tolerance(at.options)))
        fail(s, t, at, which, r->where);
    if (!r->same_bits)
        fail(s, t, at, which, "other bits in a second run");
}

/* A planned reference test: draws its numbers, runs it, adds to the summary what came out. False
 * when no numbers were to be found that tell right from wrong. */
static bool try_twin(reftest *t, place at, const char *which, bool conditioned, summary *s)
{
    for (int tries = 0; tries < 20; tries++) {
        if (!reftest_draw(t, margin, false))
            return false;
        if (conditioned && reftest_conditioning(t) > conditioning)
            continue;
        result r = reftest_check(t);
        add_result(s, t, &r, at, which);
        return true;
    }
    return false;
}

static void print_summary(const summary *s, outcome *outcome, const char *name, const char *label)
{
    if (s->failure[0])
        report(outcome, false, name, label, s->worst, "%s", s->failure);
    else
        report(outcome, true, name, label, s->worst,
               "%d cases: forward %.1e, input gradients %.1e, parameter gradients %.1e, state %.1e",
               s->cases, s->forward, s->input_grad, s->param_grad, s->state);
}

/* ---- one operation ----------------------------------------------------------------------- */

static void try_operation(const op_case *op, int index, place at, summary *s)
{
    reftest t;
    char which[32];
    bool corner = index < op->corners;
    snprintf(which, sizeof which, "%s %d", corner ? "corner" : "round",
             corner ? index : index - op->corners);
    reftest_start(&t, setup_for(at),
                  ir_rng_make(at.options->seed, "ops", op->name, (uint64_t)index));
    if (corner)
        op->corner(&t, index);
    else
        op->random(&t);
    reftest_plan(&t);
    if (!try_twin(&t, at, which, false, s))
        ir_die("%s, %s: no inputs clear of the gradient's jumps", op->name, which);
    reftest_end(&t);
}

static void check_operation(const test_options *o, const op_case *op, summary *s)
{
    for (int threads = 1; threads <= 2; threads++) {
        place at = {.options = o, .backend = test_backend(o, threads), .threads = threads};
        for (int i = 0; i < op->corners + o->rounds; i++) {
            /* corners with both numbers of threads, random shapes in turn */
            if (i >= op->corners && i % 2 != threads % 2)
                continue;
            at.mode = IR_TRAINING;
            try_operation(op, i, at, s);
            at.mode = IR_DETECTION;
            try_operation(op, i, at, s);
        }
        ir_backend_close(at.backend);
    }
}

void check_operations(const test_options *o, outcome *outcome)
{
    for (int i = 0; operation(i); i++) {
        summary s = {0};
        if (!wanted(o, operation(i)->name))
            continue;
        check_operation(o, operation(i), &s);
        print_summary(&s, outcome, operation(i)->name, test_label(o));
    }
}

/* ---- chains ------------------------------------------------------------------------------ */

static void try_chain(const chain_case *chain, place at, summary *s)
{
    reftest t;
    reftest_start(&t, setup_for(at), ir_rng_make(at.options->seed, "chain", chain->name, at.mode));
    chain->build(&t);
    reftest_plan(&t);
    if (!try_twin(&t, at, "chain", true, s))
        ir_die("%s: no well-conditioned inputs", chain->name);
    reftest_end(&t);
}

static void check_chain_list(const test_options *o, const chain_case *chains, int count,
                             outcome *outcome)
{
    for (int i = 0; i < count; i++) {
        summary s = {0};
        if (!wanted(o, chains[i].name))
            continue;
        for (int threads = 1; threads <= 2; threads++) {
            place at = {.options = o, .backend = test_backend(o, threads), .threads = threads};
            at.mode = IR_TRAINING;
            try_chain(&chains[i], at, &s);
            at.mode = IR_DETECTION;
            try_chain(&chains[i], at, &s);
            ir_backend_close(at.backend);
        }
        print_summary(&s, outcome, chains[i].name, test_label(o));
    }
}

void check_chains(const test_options *o, outcome *outcome)
{
    check_chain_list(o, fusion_chains, fusion_chain_count, outcome);
    check_chain_list(o, part_chains, part_chain_count, outcome);
    check_chain_list(o, network_chains, network_chain_count, outcome);
}

/* ---- random graphs ----------------------------------------------------------------------- */

/* Some cannot be told right from wrong, such as one that takes the mean of batch norm's output,
 * which has no gradient: they are left out. */
static void try_random_graph(int index, place at, summary *s)
{
    reftest t;
    char which[32];
    snprintf(which, sizeof which, "graph %d", index);
    reftest_start(&t, setup_for(at), ir_rng_make(at.options->seed, "graph", "", (uint64_t)index));
    random_graph(&t, 14);
    reftest_plan(&t);
    try_twin(&t, at, which, true, s);
    reftest_end(&t);
}

void check_random_graphs(const test_options *o, outcome *outcome)
{
    const int graphs = 8 * o->rounds;
    summary s = {0};
    if (!wanted(o, "random_graph"))
        return;
    for (int threads = 1; threads <= 2; threads++) {
        place at = {.options = o, .backend = test_backend(o, threads), .threads = threads};
        for (int i = threads - 1; i < graphs; i += 2) {
            at.mode = IR_TRAINING;
            try_random_graph(i, at, &s);
            at.mode = IR_DETECTION;
            try_random_graph(i, at, &s);
        }
        ir_backend_close(at.backend);
    }
    if (s.cases < graphs && !s.failure[0]) /* each is tried in both modes */
        snprintf(s.failure, sizeof s.failure, "only %d cases of %d graphs", s.cases, graphs);
    print_summary(&s, outcome, "random_graph", test_label(o));
}
