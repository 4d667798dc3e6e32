/* A detector's numbers in double: its graph, computed by the references of tests/ops.
 *
 *     test-reference CHECKPOINT N H W < images-and-masks > numbers
 *
 * Reads what test-detector reads and writes the same sections, of doubles: of one training step
 * without dropout, probability, each image's loss, every parameter's gradient of the mean loss and
 * every running statistic afterwards; then the detection graph's probability with those statistics.
 * The graphs are those that the programs run, as planned; their parameters are the checkpoint's
 * floats. No backend computes anything here. */
#include <stdlib.h>

#include "../ops/graph_tape.h"
#include "base/base.h"
#include "checkpoint/checkpoint.h"
#include "nets/detector.h"

typedef struct {
    int n, h, w;
    size_t count;
    float *images, *masks;
} batch;

static void read_batch(batch *b)
{
    b->count = (size_t)b->n * (size_t)b->h * (size_t)b->w;
    b->images = ir_malloc(b->count * sizeof *b->images);
    b->masks = ir_malloc(b->count * sizeof *b->masks);
    if (fread(b->images, sizeof *b->images, b->count, stdin) != b->count ||
        fread(b->masks, sizeof *b->masks, b->count, stdin) != b->count)
        ir_die("stdin is too short");
}

static void section(const char *kind, const char *name, size_t count, const double *value)
{
    printf("%s/%s %zu\n", kind, name, count);
    fwrite(value, sizeof *value, count, stdout);
}

static void put(const tensor *x, const float *value)
{
    for (size_t e = 0; e < x->size; e++)
        x->v[e] = value[e];
}

static void train_step(graph_tape *t, const ir_detector_graph *dg, const batch *b)
{
    const tensor *p = graph_tape_value(t, dg->probability);
    const tensor *loss = graph_tape_value(t, dg->objective);
    put(graph_tape_value(t, dg->image), b->images);
    put(graph_tape_value(t, dg->mask), b->masks);
    tape_forward(&t->tape);
    tape_zero_grads(&t->tape);
    for (size_t i = 0; i < loss->size; i++)
        loss->g[i] = 1.0 / (double)loss->size;
    tape_backward(&t->tape);
    section("training", "probability", p->size, p->v);
    section("training", "loss", loss->size, loss->v);
    for (size_t i = 0; i < t->params; i++) {
        const graph_param *q = &t->param[i];
        if (q->param->trained)
            section("grad", q->param->name, q->now->size, q->now->g);
        else
            section("state", q->param->name, q->now->size, q->next ? q->next->v : q->now->v);
    }
}

/* With the statistics that the training step made, which are no floats. */
static void detect(graph_tape *t, const ir_detector_graph *dg, const batch *b,
                   const graph_tape *trained)
{
    const tensor *p = graph_tape_value(t, dg->probability);
    put(graph_tape_value(t, dg->image), b->images);
    for (size_t i = 0; i < t->params; i++)
        for (size_t e = 0; trained->param[i].next && e < t->param[i].now->size; e++)
            t->param[i].now->v[e] = trained->param[i].next->v[e];
    tape_forward(&t->tape);
    section("detection", "probability", p->size, p->v);
}

int main(int argc, char **argv)
{
    ir_start("test-reference");
    if (argc != 5)
        ir_usage_die("checkpoint n h w");
    batch b = {.n = (int)ir_number(argv[2], 1, 1024, "n"),
               .h = (int)ir_number(argv[3], 1, 4096, "h"),
               .w = (int)ir_number(argv[4], 1, 4096, "w")};
    read_batch(&b);
    ir_backend *backend = ir_backend_open("cpu", 2);
    ir_checkpoint *ck = ir_checkpoint_read(argv[1], "detector");
    ir_detector *d = ir_detector_load(backend, ck, IR_TO_TRAIN);
    ir_detector_set_dropout(d, 0);

    graph_tape training, detection;
    const ir_detector_graph *g = ir_detector_graph_for(d, IR_TRAINING, b.n, b.h, b.w, 1);
    graph_tape_start(&training, g->graph);
    train_step(&training, g, &b);
    g = ir_detector_graph_for(d, IR_DETECTION, b.n, b.h, b.w, 0);
    graph_tape_start(&detection, g->graph);
    detect(&detection, g, &b, &training);
    ir_flush(stdout, "standard output");

    graph_tape_free(&training);
    graph_tape_free(&detection);
    ir_detector_free(d);
    ir_checkpoint_free(ck);
    ir_backend_close(backend);
    free(b.images);
    free(b.masks);
    return 0;
}
