/* Times a detector's training step or detection on random images, without reading files.
 *
 *     bench-detector train|detect CHECKPOINT N SIDE ROUNDS [THREADS]
 *
 * Prints milliseconds an image, median and least of ROUNDS rounds after two that do not count, and
 * the process's peak resident memory. A training step is put, forward, backward and Adam. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/base.h"
#include "base/philox.h"
#include "nets/detector.h"

typedef struct {
    ir_detector *detector;
    ir_detector_graph *graph;
    bool training;
    int n;
    float *images, *masks, *seed, *out;
    long step;
} bench;

static void round_of(bench *b)
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

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    ir_start("bench-detector");
    if (argc < 6)
        ir_usage_die("train|detect checkpoint n side rounds [threads]");
    const int n = (int)ir_number(argv[3], 1, 1024, "n");
    const int side = (int)ir_number(argv[4], 32, 8192, "side");
    const int rounds = (int)ir_number(argv[5], 1, 100000, "rounds");
    ir_backend *backend = ir_backend_open("cpu", argc > 6 ? atoi(argv[6]) : 0);
    ir_checkpoint *ck = ir_checkpoint_read(argv[2], "detector");
    bench b = {.detector = ir_detector_load(backend, ck),
               .training = strcmp(argv[1], "train") == 0,
               .n = n};
    b.graph = ir_detector_graph_for(b.detector, b.training ? IR_TRAINING : IR_DETECTION, n, side,
                                    side, 1);
    const size_t count = (size_t)n * (size_t)side * (size_t)side;
    b.images = ir_malloc(count * sizeof(float));
    b.masks = ir_malloc(count * sizeof(float));
    b.out = ir_malloc(count * sizeof(float));
    b.seed = ir_malloc((size_t)n * sizeof(float));
    ir_rng rng = ir_rng_make(1, "bench", "", 0);
    for (size_t i = 0; i < count; i++) {
        b.images[i] = (float)(2 * ir_rng_uniform(&rng) - 1);
        b.masks[i] = ir_rng_uniform(&rng) < 0.001;
    }
    for (int i = 0; i < n; i++)
        b.seed[i] = 1.0f / (float)n;

    double *time = ir_calloc((size_t)rounds, sizeof *time);
    for (int i = -2; i < rounds; i++) {
        const double start = ir_seconds();
        round_of(&b);
        if (i >= 0)
            time[i] = (ir_seconds() - start) * 1e3 / n;
    }
    qsort(time, (size_t)rounds, sizeof *time, by_value);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s, batch %d, %dx%d: %.3f ms an image (least %.3f), peak %ld MiB, %.3f GMAC an image\n",
           argv[1], n, side, side, time[rounds / 2], time[0], usage.ru_maxrss / 1024,
           ir_graph_macs(b.graph->graph) / n / 1e9);
    ir_flush(stdout, "standard output");
    ir_detector_free(b.detector);
    ir_checkpoint_free(ck);
    ir_backend_close(backend);
    free(b.images);
    free(b.masks);
    free(b.out);
    free(b.seed);
    free(time);
    return 0;
}
