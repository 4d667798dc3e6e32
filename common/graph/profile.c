/* Timing a graph's operations. */
#include "graph/profile.h"

#include <stdlib.h>
#include <string.h>

#include "graph/graph_internal.h"

static const char *const pass_name[IR_PASSES] = {"forward", "recompute", "backward"};

typedef struct {
    ir_op op;
    ir_pass pass;
    long calls;
    double seconds, flop, bytes;
} line;

struct ir_profile {
    line line[IR_OP_COUNT][IR_PASSES];
};

ir_profile *ir_profile_new(void)
{
    ir_profile *p = ir_calloc(1, sizeof *p);
    for (int op = 0; op < IR_OP_COUNT; op++)
        for (int pass = 0; pass < IR_PASSES; pass++) {
            p->line[op][pass].op = (ir_op)op;
            p->line[op][pass].pass = (ir_pass)pass;
        }
    return p;
}

void ir_profile_free(ir_profile *p)
{
    free(p);
}

void ir_graph_set_profile(ir_graph *g, ir_profile *profile)
{
    g->profile = profile;
}

static double numbers(ir_shape s)
{
    return (double)s.n * s.c * s.h * s.w;
}

/* Backward of a convolution is two of them, or one where its input wants no gradient. */
static double backward_flop(const ir_node *node)
{
    const bool weights = node->call.weight && node->call.weight->trained,
               input = node->call.grad_use[0];
    return ir_call_flop(&node->call) * (node->call.weight ? weights + input : 1);
}

static double values(const ir_node *node)
{
    double sum = numbers(node->call.shape);
    for (int k = 0; k < node->call.inputs; k++)
        sum += numbers(node->call.in[k]->shape);
    return sum * sizeof(float);
}

static double backward_bytes(const ir_node *node)
{
    double sum = numbers(node->call.shape) * (ir_call_reads_output(&node->call) ? 2 : 1);
    for (int k = 0; k < node->call.inputs; k++)
        sum += numbers(node->call.in[k]->shape) *
               (ir_call_reads_input(&node->call, k) +
                (node->call.grad_use[k] == IR_GRAD_ADD ? 2 : node->call.grad_use[k]));
    return sum * sizeof(float);
}

void ir_profile_add(ir_profile *p, const ir_node *node, ir_pass pass, double seconds)
{
    line *l = &p->line[node->call.op][pass];
    l->calls++;
    l->seconds += seconds;
    l->flop += pass == IR_PASS_BACKWARD ? backward_flop(node) : ir_call_flop(&node->call);
    l->bytes += pass == IR_PASS_BACKWARD ? backward_bytes(node) : values(node);
}

static int most_first(const void *a, const void *b)
{
    const line *x = a, *y = b;
    return x->seconds < y->seconds ? 1 : x->seconds > y->seconds ? -1 : 0;
}

void ir_profile_print(const ir_profile *p, FILE *to)
{
    ir_profile sorted = *p;
    line *lines = &sorted.line[0][0];
    const size_t count = IR_OP_COUNT * IR_PASSES;
    double total = 0;
    qsort(lines, count, sizeof *lines, most_first);
    for (size_t i = 0; i < count; i++)
        total += lines[i].seconds;
    fprintf(to, "# operation\tpass\tcalls\tseconds\tshare\tGFLOP/s\tGB/s\n");
    for (size_t i = 0; i < count && lines[i].calls > 0; i++) {
        const line *l = &lines[i];
        fprintf(to, "%s\t%s\t%ld\t%.6f\t%.1f\t%.1f\t%.1f\n", ir_operations[l->op].name,
                pass_name[l->pass], l->calls, l->seconds, 100 * l->seconds / total,
                l->flop / l->seconds / 1e9, l->bytes / l->seconds / 1e9);
    }
    fprintf(to, "total\t-\t-\t%.6f\t100.0\t-\t-\n", total);
}
