/* test-ops: every operation of a backend against plain C in double.
 *
 * First the references are checked against finite differences of themselves. Then, for each
 * instruction set that this machine has, each operation forward and backward on shapes that go
 * wrong and on random ones, with one and two threads; chains of operations; random graphs;
 * parameters shared by several graphs; optimizers. One line each; see usage. */
#include <stdarg.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/base.h"
#include "base/option.h"
#include "checks.h"
#include "graph/operation.h"

static const char usage[] =
    "Usage: test-ops [-bl] [-d cpu|cuda] [-i base|portable|avx2|avx512|all] [-n rounds] [-o op]\n"
    "                [-p fp32|tf32|bf16] [-r seed]\n"
    "Checks every operation of a backend against plain C in double.\n"
    "  -b  time the operations instead (one thread per processor)\n"
    "  -d  the backend (cpu)\n"
    "  -i  the CPU backend's instruction set (all that this machine has)\n"
    "  -l  list what -o may name, in the order in which it is checked\n"
    "  -n  random shapes per operation (8)\n"
    "  -o  only this operation, chain or check\n"
    "  -p  the precision (fp32; the CPU has no tf32); but for fp32 single operations only are\n"
    "      checked\n"
    "  -r  seed of the random shapes and numbers (1)\n";

const op_case *operation(int i)
{
    const struct {
        const op_case *first;
        int count;
    } lists[] = {{conv_cases, conv_case_count},
                 {pointwise_cases, pointwise_case_count},
                 {pool_cases, pool_case_count},
                 {head_cases, head_case_count},
                 {deform_cases, deform_case_count}};
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        if (i < lists[k].count)
            return &lists[k].first[i];
        i -= lists[k].count;
    }
    return NULL;
}

bool wanted(const test_options *options, const char *name)
{
    return !options->only || strcmp(options->only, name) == 0;
}

ir_backend *test_backend(const test_options *options, int threads)
{
    if (!options->isa)
        return ir_backend_open_as((ir_backend_options){
            .device = options->device, .threads = threads, .precision = options->precision});
    ir_backend *b = ir_cpu_backend_open(
        &(ir_backend_options){.threads = threads, .precision = options->precision}, options->isa);
    if (!b)
        ir_die("this machine cannot run %s", options->isa);
    return b;
}

const char *test_label(const test_options *options)
{
    static const char *const cuda[] = {"cuda", "cuda-tf32", "cuda-bf16"};
    static char label[32];
    if (!options->isa)
        return cuda[options->precision];
    snprintf(label, sizeof label, "%s%s", options->isa,
             options->precision == IR_BF16 ? "-bf16" : "");
    return label;
}

/* What ten and eight significant bits leave of sums of products. */
double test_tolerance(const test_options *options)
{
    static const double tolerance[] = {TOLERANCE, 2e-3, 2e-2};
    return tolerance[options->precision];
}

void report(outcome *t, bool ok, const char *name, const char *label, double error,
            const char *format, ...)
{
    va_list args;
    *(ok ? &t->passed : &t->failed) += 1;
    printf("%s %s %s %.1e ", ok ? "ok" : "FAIL", name, label, error);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* Every row of the table of operations is met by some case. */
static void check_table(const test_options *options, outcome *t)
{
    const char *missing = NULL;
    if (options->only)
        return;
    for (int op = 0; op < IR_OP_COUNT && !missing; op++)
        if (!reftest_met((ir_op)op))
            missing = ir_operations[op].name;
    report(t, !missing, "table", test_label(options), 0, missing ? "no case has %s" : "%s",
           missing ? missing : "each operation has a case");
}

static void check_backend(const test_options *options, outcome *t)
{
    check_operations(options, t);
    check_adapt(options, t);
    if (options->precision == IR_BF16 && options->isa)
        check_implementations(options, t);
    if (options->precision != IR_FP32)
        return;
    check_chains(options, t);
    check_random_graphs(options, t);
    check_sharing(options, t);
    check_dropout(options, t);
    check_recompute(options, t);
    check_implementations(options, t);
    check_optimizers(options, t);
    check_table(options, t);
}

/* Runs check for the device, or for each of the CPU's instruction sets that were asked for. */
static void for_each_isa(test_options options, const char *isa,
                         void (*check)(const test_options *options, outcome *t), outcome *t)
{
    static const char *const isas[] = {"base", "portable", "avx2", "avx512"};
    const ir_backend_options one_thread = {.threads = 1};
    bool all = strcmp(isa, "all") == 0;
    if (strcmp(options.device, "cpu") != 0) {
        check(&options, t);
        return;
    }
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        options.isa = isas[i];
        if (!all && strcmp(isa, isas[i]) != 0)
            continue;
        ir_backend *b = all ? ir_cpu_backend_open(&one_thread, isas[i]) : NULL;
        if (all && !b) {
            printf("# this machine cannot run %s\n", isas[i]);
            continue;
        }
        if (b)
            ir_backend_close(b);
        check(&options, t);
    }
}

/* What check_backend checks, by name and in its order. */
static void list(const test_options *options)
{
    static const char *const others[] = {"random_graph", "sharing",         "dropout_bits",
                                         "recompute",    "implementations", "adam",
                                         "sgd",          "average",         "params_adam"};
    for (int i = 0; operation(i); i++)
        puts(operation(i)->name);
    puts("adapt");
    if (options->precision == IR_BF16 && strcmp(options->device, "cpu") == 0)
        puts("implementations");
    if (options->precision != IR_FP32)
        return;
    for (int i = 0; i < fusion_chain_count; i++)
        puts(fusion_chains[i].name);
    for (int i = 0; i < part_chain_count; i++)
        puts(part_chains[i].name);
    for (int i = 0; i < network_chain_count; i++)
        puts(network_chains[i].name);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(options->device, "cpu") == 0 || strcmp(others[i], "implementations") != 0)
            puts(others[i]);
}

static void bench(const test_options *options, outcome *t)
{
    t->passed += bench_operations(options);
}

int main(int argc, char **argv)
{
    static const char *const devices[] = {"cpu", "cuda"};
    static const char *const isas[] = {"base", "portable", "avx2", "avx512", "all"};
    static const char *const precisions[] = {"fp32", "tf32", "bf16"};
    test_options options = {.device = "cpu", .rounds = 8, .seed = 1};
    const char *isa = "all";
    bool timing = false, listing = false;
    outcome t = {0};
    int c;
    ir_start("test-ops");
    while ((c = ir_option(argc, argv, ":bd:hi:ln:o:p:r:", (struct option[]){{0}}, usage)) != -1) {
        switch (c) {
        case 'b':
            timing = true;
            break;
        case 'd':
            options.device = devices[ir_choice(optarg, devices, 2, "-d")];
            break;
        case 'i':
            isa = isas[ir_choice(optarg, isas, 5, "-i")];
            break;
        case 'l':
            listing = true;
            break;
        case 'n':
            options.rounds = (int)ir_number(optarg, 0, 100000, "-n");
            break;
        case 'o':
            options.only = optarg;
            break;
        case 'p':
            options.precision = (ir_precision)ir_choice(optarg, precisions, 3, "-p");
            break;
        case 'r':
            options.seed = ir_seed(optarg);
            break;
        }
    }
    if (options.precision == IR_TF32 && strcmp(options.device, "cpu") == 0)
        ir_usage_die("-p: the CPU has no tf32");
    if (optind < argc)
        ir_usage_die("%s: no operands are taken", argv[optind]);
    if (listing) {
        list(&options);
        ir_flush(stdout, "standard output");
        return 0;
    }

    if (!timing)
        check_references(&options, &t);
    for_each_isa(options, isa, timing ? bench : check_backend, &t);
    if (t.passed + t.failed == 0)
        ir_usage_die("-o: there is no %s named %s", timing ? "operation" : "check", options.only);
    if (!timing)
        printf("%d ok, %d failed\n", t.passed, t.failed);
    ir_flush(stdout, "standard output");
    return t.failed > 0;
}
