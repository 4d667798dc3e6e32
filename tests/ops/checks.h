/* The test program's parts. Each prints its lines and returns how many of them say FAIL. */
#ifndef IR_TESTS_CHECKS_H
#define IR_TESTS_CHECKS_H

#include "backend/backend.h"
#include "cases.h"

/* Largest relative error in 2-norm; references against finite differences of themselves. */
#define TOLERANCE        1e-5
#define FINITE_TOLERANCE 1e-6

typedef struct {
    const char *device;
    const char *isa;  /* NULL: that of the device */
    const char *only; /* one operation or check, or NULL: all */
    int rounds;
    uint64_t seed;
    ir_precision precision;
} test_options;

/* The backend of options->device and isa, or dies. */
ir_backend *test_backend(const test_options *options, int threads);
const char *test_label(const test_options *options); /* "avx2", "cuda" */
double test_tolerance(const test_options *options);  /* TOLERANCE, or the precision's */

typedef struct {
    int passed, failed;
} outcome;

/* "ok NAME LABEL ERROR DETAIL" or "FAIL ...". */
void report(outcome *t, bool ok, const char *name, const char *label, double error,
            const char *format, ...) __attribute__((format(printf, 6, 7)));

void check_references(const test_options *options, outcome *t);      /* finite.c */
void check_operations(const test_options *options, outcome *t);      /* check_ops.c */
void check_chains(const test_options *options, outcome *t);          /* check_ops.c */
void check_random_graphs(const test_options *options, outcome *t);   /* check_ops.c */
void check_sharing(const test_options *options, outcome *t);         /* check_sharing.c */
void check_optimizers(const test_options *options, outcome *t);      /* check_optimizers.c */
void check_dropout(const test_options *options, outcome *t);         /* check_dropout.c */
void check_adapt(const test_options *options, outcome *t);           /* check_adapt.c */
void check_recompute(const test_options *options, outcome *t);       /* check_recompute.c */
void check_implementations(const test_options *options, outcome *t); /* check_implementations.c */
int bench_operations(const test_options *options);                   /* bench.c: how many */

/* All operations, for loops over them. */
const op_case *operation(int i); /* NULL behind the last */
bool wanted(const test_options *options, const char *name);

#endif
