/* common/base by hand: what tests/base.bats drives.
 *
 *   test-base number|real|choice|seed TEXT    the parsed value
 *   test-base die|usage|warn TEXT             a message
 *   test-base finish HOW UNFINISHED KEPT      ends with both files made, the second kept
 *   test-base pipeline THREADS [FAIL]         lines of stdin, worked on by threads; FAIL: the line
 *                                             whose work dies
 *   test-base ahead GATE                      lines of stdin, the first once GATE was written to
 *   test-base count-names                     counts of the lines of stdin
 *   test-base quota GROUPS ROOT               processors by the quotas of control groups
 *   test-base threads                         the default number of threads
 *   test-base lines flush|close               stdin to stdout in whole lines, from small pieces
 *   test-base twice                           opens standard input a second time
 *   test-base wait UNFINISHED                 makes the file, says "ready", waits for a signal
 *   test-base flood                           writes to stdout until that fails
 *   test-base pairs                           a sum in two orders, in pairs of doubles and in
 * doubles */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/lines.h"
#include "base/name_counter.h"
#include "base/pair.h"
#include "base/philox.h"
#include "base/pipeline.h"
#include "base/processors.h"

static void make_file(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        ir_die_errno("%s", path);
    fputs("half", file);
    fclose(file);
}

static void finish(const char *how, const char *unfinished, const char *kept)
{
    ir_remove_at_exit(unfinished);
    ir_remove_at_exit(kept);
    make_file(unfinished);
    make_file(kept);
    ir_keep_file(kept);
    if (strcmp(how, "exit") == 0)
        exit(3);
    if (strcmp(how, "die") == 0)
        ir_die("finish");
    if (strcmp(how, "usage") == 0)
        ir_usage_die("finish");
}

static void wait_for_signal(const char *unfinished)
{
    ir_remove_at_exit(unfinished);
    make_file(unfinished);
    puts("ready");
    ir_flush(stdout, "standard output");
    for (;;)
        pause();
}

typedef struct {
    char text[64];
    unsigned int result;
    char *held; /* freed by clear() */
} line;

typedef struct {
    const char *fail;
} context;

static bool read_line(void *c, void *item)
{
    line *l = item;
    (void)c;
    if (!fgets(l->text, sizeof l->text, stdin))
        return false;
    l->text[strcspn(l->text, "\n")] = '\0';
    return true;
}

/* Takes longer for some lines than for the next ones, so that order is not kept by chance. */
static void work_line(void *c, void *item)
{
    const context *ctx = c;
    line *l = item;
    if (ctx->fail && strcmp(l->text, ctx->fail) == 0)
        ir_die("%s: cannot be worked on", l->text);
    if (!l->held)
        l->held = ir_malloc(16);
    ir_rng rng = ir_rng_make(1, "work", l->text, 0);
    uint32_t turns = ir_rng_below(&rng, 40000);
    for (l->result = 0; turns > 0; turns--)
        l->result ^= ir_rng_u32(&rng);
}

static void write_line(void *c, void *item)
{
    const line *l = item;
    (void)c;
    printf("%s %08x\n", l->text, l->result);
    ir_flush(stdout, "standard output");
}

static void clear_line(void *item)
{
    free(((line *)item)->held);
}

static void run_pipeline(const char *threads, const char *fail)
{
    context c = {fail};
    const ir_pipeline pipeline = {sizeof(line), read_line, work_line, write_line, clear_line};
    if (strcmp(threads, "here") == 0)
        ir_pipeline_run_here(&pipeline, &c);
    else
        ir_pipeline_run(&pipeline, &c, (int)ir_number(threads, 1, 64, "threads"));
}

/* Says what is read. */
static bool read_aloud(void *c, void *item)
{
    if (!read_line(c, item))
        return false;
    fprintf(stderr, "read %s\n", ((line *)item)->text);
    return true;
}

/* Waits at the first item until somebody has opened and closed a FIFO for writing. */
static void work_behind_gate(void *c, void *item)
{
    const char **gate = c;
    (void)item;
    FILE *file = *gate ? fopen(*gate, "r") : NULL;
    if (file) {
        while (getc(file) != EOF)
            continue;
        fclose(file);
    }
    *gate = NULL;
}

static void run_ahead(const char *gate)
{
    const ir_pipeline pipeline = {sizeof(line), read_aloud, work_behind_gate, write_line, NULL};
    ir_pipeline_run_here(&pipeline, &gate);
}

static void count_names(void)
{
    char text[64];
    ir_name_counter *counter = ir_name_counter_new();
    while (fgets(text, sizeof text, stdin)) {
        text[strcspn(text, "\n")] = '\0';
        printf("%s %llu\n", text, (unsigned long long)ir_count_name(counter, text));
    }
    ir_name_counter_free(counter);
}

static void copy_lines(const char *last)
{
    FILE *out = ir_lines(stdout);
    char piece[7];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
        fwrite(piece, 1, n, out);
    ir_flush(out, "standard output");
    if (strcmp(last, "close") == 0)
        fclose(out);
}

static void flood(void)
{
    for (;;) {
        fputs("a line of some length, over and over\n", stdout);
        ir_flush(stdout, "standard output");
    }
}

/* Numbers of all sizes whose sum is small, from the first to the last and back: the sum rounded to
 * a double both ways, and what doubles by themselves make of it. */
static void add_both_ways(void)
{
    enum { COUNT = 2000 };
    ir_pair up = {0}, down = {0};
    double plain_up = 0, plain_down = 0;
    for (int i = 0; i < COUNT; i++) {
        const double a = sin(i) * pow(10, i % 17),
                     b = sin(COUNT - 1 - i) * pow(10, (COUNT - 1 - i) % 17);
        up = ir_pair_sum(up, ir_pair_times(ir_pair_product(a, 0.1), 3));
        down = ir_pair_sum(down, ir_pair_times(ir_pair_product(b, 0.1), 3));
        plain_up += a * 0.1 * 3;
        plain_down += b * 0.1 * 3;
    }
    printf("%.17g %.17g\n%.17g %.17g\n%.17g\n", up.x, down.x, plain_up, plain_down,
           ir_pair_over(up, COUNT));
}

static void parse(const char *kind, const char *text)
{
    static const char *const names[] = {"one", "two", "three"};
    if (strcmp(kind, "number") == 0)
        printf("%ld\n", ir_number(text, -5, 99, "--some"));
    else if (strcmp(kind, "real") == 0)
        printf("%.17g\n", ir_real(text, -1, 2.5, "--some"));
    else if (strcmp(kind, "choice") == 0)
        printf("%d\n", ir_choice(text, names, 3, "--some"));
    else if (strcmp(kind, "seed") == 0)
        printf("%llu\n", (unsigned long long)ir_seed(text));
    else if (strcmp(kind, "die") == 0)
        ir_die("%s", text);
    else if (strcmp(kind, "usage") == 0)
        ir_usage_die("%s", text);
    else if (strcmp(kind, "warn") == 0)
        ir_warn("%s", text);
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    const char *job = argc > 1 ? argv[1] : "";
    if (strcmp(job, "finish") == 0 && argc == 5)
        finish(argv[2], argv[3], argv[4]);
    else if (strcmp(job, "wait") == 0 && argc == 3)
        wait_for_signal(argv[2]);
    else if (strcmp(job, "ahead") == 0 && argc == 3)
        run_ahead(argv[2]);
    else if (strcmp(job, "pipeline") == 0 && argc >= 3)
        run_pipeline(argv[2], argc > 3 ? argv[3] : NULL);
    else if (strcmp(job, "count-names") == 0)
        count_names();
    else if (strcmp(job, "flood") == 0)
        flood();
    else if (strcmp(job, "lines") == 0 && argc == 3)
        copy_lines(argv[2]);
    else if (strcmp(job, "quota") == 0 && argc == 4)
        printf("%g\n", ir_processor_quota(argv[2], argv[3]));
    else if (strcmp(job, "threads") == 0)
        printf("%d\n", ir_default_threads());
    else if (strcmp(job, "twice") == 0)
        ir_open_in(ir_open_in("-") ? "-" : "");
    else if (strcmp(job, "pairs") == 0)
        add_both_ways();
    else if (strcmp(job, "help") == 0)
        ir_print_help("usage: test-base\n");
    else if (strcmp(job, "version") == 0)
        ir_print_version();
    else if (argc == 3)
        parse(job, argv[2]);
    else
        ir_usage_die("wrong arguments");
    ir_flush(stdout, "standard output");
    return 0;
}
