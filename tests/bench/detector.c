/* Times a detector's training step or detection on random images, without reading files.
 *
 *     bench-detector [-d DEVICE] [-j THREADS] [--precision P] [--fast] [-k STEPS] [-s SECONDS]
 *                    [-w WARM] train|detect[,...] CHECKPOINT N[,...] SIDE ROUNDS
 *
 * For each kind of work and each batch: milliseconds an image, median and least of ROUNDS timings
 * of STEPS steps (1) after WARM steps (2) that do not count, but of no more than SECONDS allow, and
 * at least three; and the peak memory: the device's, beyond what it takes to be there, or the
 * process's resident. A training step is put, forward, backward and Adam; detection put, forward
 * and get. On the CPU unless told otherwise. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "backend/options.h"
#include "base/base.h"
#include "base/philox.h"
#include "checkpoint/checkpoint.h"
#include "nets/detector.h"

static const char usage[] =
    "usage: bench-detector [-d device] [-j threads] [--precision fp32|tf32|bf16] [--fast]\n"
    "                      [-k steps] [-s seconds] [-w warm]\n"
    "                      train|detect[,...] checkpoint n[,...] side rounds\n"
    "Times a detector's work on random images.\n";

typedef struct {
    ir_backend_options where;
    int steps, warm, rounds, side;
    double seconds;
    const char *checkpoint;
} settings;

typedef struct {
    ir_backend *backend;
    ir_detector *detector;
    ir_detector_graph *graph;
    bool training;
    int n;
    float *images, *masks, *seed, *out;
    long step;
} bench;

static void step(bench *b)
{
    ir_detector_graph *g = b->graph;
    ir_node_put(g->graph, g->image, b->images);
    if (b->training)
        ir_node_put(g->graph, g->mask, b->masks);
    ir_graph_set_step(g->graph, 1, (uint64_t)b->step);
    ir_graph_forward(g->graph);
    if (b->training) {
        ir_node_seed(g->graph, g->objective, b->seed);
        ir_graph_backward(g->graph);
        ir_params_adam(ir_detector_params(b->detector), (ir_adam){1e-4, 0.9, 0.999, 1e-8},
                       ++b->step);
    } else {
        ir_node_get(g->graph, g->probability, b->out);
    }
}

/* Seconds for so many steps, all of them done. */
static double steps(bench *b, int count)
{
    const double start = ir_seconds();
    for (int i = 0; i < count; i++)
        step(b);
    if (b->backend->wait)
        b->backend->wait(b->backend);
    return ir_seconds() - start;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void make_inputs(bench *b, int side)
{
    const size_t count = (size_t)b->n * (size_t)side * (size_t)side;
    b->images = ir_malloc(count * sizeof(float));
    b->masks = ir_malloc(count * sizeof(float));
    b->out = ir_malloc(count * sizeof(float));
    b->seed = ir_malloc((size_t)b->n * sizeof(float));
    ir_rng rng = ir_rng_make(1, "bench", "", 0);
    for (size_t i = 0; i < count; i++) {
        b->images[i] = (float)(2 * ir_rng_uniform(&rng) - 1);
        b->masks[i] = ir_rng_uniform(&rng) < 0.001;
    }
    for (int i = 0; i < b->n; i++)
        b->seed[i] = 1.0f / (float)b->n;
}

/* MiB of the device since there were so many bytes left, or of the process. */
static long memory(const ir_backend *backend, size_t left)
{
    struct rusage process;
    if (backend->available)
        return (long)((left - backend->available((ir_backend *)backend)) >> 20);
    getrusage(RUSAGE_SELF, &process);
    return process.ru_maxrss / 1024;
}

static void work(const settings *s, const char *mode, int n)
{
    bench b = {
        .backend = ir_backend_open_as(s->where), .training = strcmp(mode, "train") == 0, .n = n};
    const size_t left = b.backend->available ? b.backend->available(b.backend) : 0;
    ir_checkpoint *checkpoint = ir_checkpoint_read(s->checkpoint, "detector");
    b.detector = ir_detector_load(b.backend, checkpoint, IR_TO_TRAIN);
    ir_checkpoint_free(checkpoint);
    b.graph = ir_detector_graph_for(b.detector, b.training ? IR_TRAINING : IR_DETECTION, n, s->side,
                                    s->side, 1);
    make_inputs(&b, s->side);
    double *time = ir_calloc((size_t)s->rounds, sizeof *time), spent = 0;
    int timed = 0;
    steps(&b, s->warm);
    while (timed < s->rounds && (timed < 3 || spent < s->seconds)) {
        const double taken = steps(&b, s->steps);
        time[timed++] = taken * 1e3 / s->steps / n;
        spent += taken;
    }
    qsort(time, (size_t)timed, sizeof *time, by_value);
    printf("%s, batch %d, %dx%d: %.5f ms an image (least %.5f), peak %ld MiB, %.3f GMAC an image\n",
           mode, n, s->side, s->side, time[timed / 2], time[0], memory(b.backend, left),
           ir_graph_macs(b.graph->graph) / n / 1e9);
    ir_flush(stdout, "standard output");
    ir_detector_free(b.detector);
    ir_backend_close(b.backend);
    free(b.images);
    free(b.masks);
    free(b.out);
    free(b.seed);
    free(time);
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"train", "detect"};
    settings s = {
        .where = ir_backend_defaults(IR_TF32), .steps = 1, .warm = 2, .seconds = HUGE_VAL};
    char *mode, *n, *next_mode, *next_n;
    int c;
    ir_start("bench-detector");
    s.where.device = "cpu";
    while ((c = ir_option(argc, argv, ":d:hj:k:s:w:", (struct option[]){IR_BACKEND_OPTIONS, {0}},
                          usage)) != -1) {
        if (ir_backend_option(&s.where, c))
            continue;
        if (c == 'k')
            s.steps = (int)ir_number(optarg, 1, 100000, "-k");
        else if (c == 's')
            s.seconds = ir_number(optarg, 0, 1e6, "-s");
        else
            s.warm = (int)ir_number(optarg, 0, 100000, "-w");
    }
    if (argc - optind != 5)
        ir_usage_die("five operands are taken: train|detect[,...] checkpoint n[,...] side rounds");
    s.side = (int)ir_number(argv[optind + 3], 32, 8192, "side");
    s.rounds = (int)ir_number(argv[optind + 4], 1, 100000, "rounds");
    s.checkpoint = argv[optind + 1];
    for (mode = strtok_r(argv[optind], ",", &next_mode); mode;
         mode = strtok_r(NULL, ",", &next_mode)) {
        char *batches = ir_strdup(argv[optind + 2]);
        ir_choice(mode, modes, 2, "work");
        for (n = strtok_r(batches, ",", &next_n); n; n = strtok_r(NULL, ",", &next_n))
            work(&s, mode, (int)ir_number(n, 1, 1024, "n"));
        free(batches);
    }
    return 0;
}
