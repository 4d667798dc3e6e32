/* Times ir-score on masks that are in memory: bench-scoring TIMES [OPTION ...] PREDICTED TRUE
 *
 * Options and operands are ir-score's. Reads all images, scores them TIMES times over, prints
 * milliseconds of processor time a frame and MiB of resident memory at the peak, as scores.py does.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../../ir-score/scoring.h"
#include "base/base.h"

typedef struct {
    ir_image (*frame)[STREAMS];
    size_t count, capacity;
} frames;

static frames read_all(const options *o)
{
    ir_matched *input = ir_matched_open(2, o->operand);
    frames all = {0};
    for (bool more = true; more; all.count += more) {
        if (all.count == all.capacity) {
            all.capacity = all.capacity ? 2 * all.capacity : 64;
            all.frame = ir_realloc(all.frame, all.capacity, sizeof *all.frame);
        }
        for (int i = 0; i < STREAMS; i++)
            all.frame[all.count][i] = (ir_image){0};
        more = ir_matched_next(input, all.frame[all.count]);
    }
    ir_matched_close(input);
    return all;
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The scores of the set, once; they go to file. */
static void score_all(const options *o, const frames *all, FILE *file)
{
    scoring *s = scoring_new(o, NULL);
    for (size_t i = 0; i < all->count; i++)
        scoring_add(s, all->frame[i]);
    scoring_print(s, file, NULL);
    scoring_free(s);
}

int main(int argc, char **argv)
{
    ir_start("bench-scoring");
    if (argc < 2)
        ir_usage_die("bench-scoring TIMES [OPTION ...] PREDICTED TRUE");
    long times = ir_number(argv[1], 1, 1000000, "TIMES");
    options o = parse_options(argc - 1, argv + 1);
    frames all = read_all(&o);
    FILE *nowhere = fopen("/dev/null", "w");
    struct rusage used;

    if (!nowhere)
        ir_die_errno("/dev/null");
    double start = processor_seconds();
    for (long i = 0; i < times; i++)
        score_all(&o, &all, nowhere);
    double taken = processor_seconds() - start;
    getrusage(RUSAGE_SELF, &used);
    printf("%.6f %.1f\n", 1000 * taken / (double)times / (double)all.count,
           (double)used.ru_maxrss / 1024);
    ir_flush(stdout, "standard output");

    fclose(nowhere);
    for (size_t i = 0; i < all.count; i++)
        for (int k = 0; k < STREAMS; k++)
            ir_image_free(&all.frame[i][k]);
    free(all.frame);
    return 0;
}
