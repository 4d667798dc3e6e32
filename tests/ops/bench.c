/* How long each operation takes, forward and backward, and what that is in GFLOP/s (operations that
 * multiply and accumulate) or GB/s (the others: what they must read and write, once). */
#include <math.h>

#include "backend/backend.h"
#include "base/base.h"
#include "checks.h"
#include "graph/node.h"

/* Best of several: a tenth of a second, at least 5 runs. */
static double best_seconds(ir_backend *b, ir_call *call, void (*run)(ir_backend *b, ir_call *call))
{
    double best = INFINITY, until = ir_seconds() + 0.1;
    for (int i = 0; i < 5 || ir_seconds() < until; i++) {
        double start = ir_seconds();
        run(b, call);
        best = fmin(best, ir_seconds() - start);
    }
    return best;
}

static double bytes(const ir_call *call)
{
    double sum = (double)shape_size(call->shape);
    for (int i = 0; i < call->inputs; i++)
        sum += (double)shape_size(call->in[i]->shape);
    return 4 * sum;
}

static void print_time(const char *direction, double seconds, double work, bool arithmetic)
{
    printf("  %s %8.3f ms %7.1f %s", direction, 1e3 * seconds, 1e-9 * work / seconds,
           arithmetic ? "GFLOP/s" : "GB/s");
}

/* Backward reads the output's gradient, mostly the inputs, and writes the inputs' gradients:
 * counted as twice the forward pass, as its arithmetic is. */
static void bench_one(const op_case *op, ir_backend *b, const char *label)
{
    reftest t;
    reftest_start(&t, (reftest_setup){.backend = b, .mode = IR_TRAINING},
                  ir_rng_make(1, "bench", "", 0));
    op->bench(&t);
    reftest_plan(&t);
    reftest_fill(&t);
    reftest_put(&t);
    ir_graph_forward(t.graph);
    ir_node *node = t.outlet[0].value.node;
    ir_node_seed(t.graph, node, t.outlet[0].seed);
    ir_graph_backward(t.graph);

    ir_call *call = &node->call;
    double macs = ir_graph_macs(t.graph);
    double work = macs > 0 ? 2 * macs : bytes(call);
    printf("%-16s %-6s", op->name, label);
    print_time("forward", best_seconds(b, call, b->op[call->op]->forward), work, macs > 0);
    print_time("backward", best_seconds(b, call, b->op[call->op]->backward), 2 * work, macs > 0);
    printf("  %s\n", t.text);
    fflush(stdout);
    reftest_end(&t);
}

int bench_operations(const test_options *options)
{
    ir_backend *b = test_backend(options, 0);
    int timed = 0;
    for (int i = 0; operation(i); i++) {
        if (!wanted(options, operation(i)->name))
            continue;
        bench_one(operation(i), b, test_label(options));
        timed++;
    }
    ir_backend_close(b);
    return timed;
}
