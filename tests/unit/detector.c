/* A detector's numbers from inside, for the comparison with PyTorch.
 *
 *     test-detector CHECKPOINT N H W < images-and-masks > numbers
 *
 * On the device that IR_TEST_DEVICE names (cpu), in single precision.
 * stdin: N*H*W floats of normalised images, then as many of masks. stdout: sections "NAME COUNT\n"
 * followed by COUNT floats: of one training step without dropout, probability, each image's loss,
 * every parameter's gradient of the mean loss and every running statistic afterwards; then the
 * detection graph's probability with those statistics. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint.h"
#include "nets/detector.h"

static void section(const char *name, const float *value, size_t count)
{
    printf("%s %zu\n", name, count);
    fwrite(value, sizeof *value, count, stdout);
}

static void section_of_node(ir_graph *g, const ir_node *node, const char *name)
{
    const ir_shape s = ir_node_shape(node);
    const size_t count = (size_t)s.n * (size_t)s.c * (size_t)s.h * (size_t)s.w;
    float *value = ir_malloc(count * sizeof *value);
    ir_node_get(g, node, value);
    section(name, value, count);
    free(value);
}

static void train_step(ir_detector *d, int n, int h, int w, const float *images, const float *masks)
{
    ir_detector_graph *t = ir_detector_graph_for(d, IR_TRAINING, n, h, w, 1);
    float *seed = ir_malloc((size_t)n * sizeof *seed);
    for (int i = 0; i < n; i++)
        seed[i] = 1.0f / (float)n;
    ir_node_put(t->graph, t->image, images);
    ir_node_put(t->graph, t->mask, masks);
    ir_graph_forward(t->graph);
    section_of_node(t->graph, t->probability, "training/probability");
    section_of_node(t->graph, t->objective, "training/loss");
    ir_node_seed(t->graph, t->objective, seed);
    ir_graph_backward(t->graph);
    free(seed);
    ir_params *params = ir_detector_params(d);
    for (size_t i = 0; i < ir_params_count(params); i++) {
        const ir_param *p = ir_params_at(params, i);
        float *value = ir_malloc(p->size * sizeof *value);
        if (p->trained)
            ir_param_get_grad(params, p, value);
        else
            ir_param_get(params, p, value);
        char *name = ir_format("%s/%s", p->trained ? "grad" : "state", p->name);
        section(name, value, p->size);
        free(name);
        free(value);
    }
}

int main(int argc, char **argv)
{
    ir_start("test-detector");
    if (argc != 5)
        ir_usage_die("checkpoint n h w");
    const int n = (int)ir_number(argv[2], 1, 1024, "n");
    const int h = (int)ir_number(argv[3], 1, 4096, "h"), w = (int)ir_number(argv[4], 1, 4096, "w");
    const size_t count = (size_t)n * (size_t)h * (size_t)w;
    float *images = ir_malloc(count * sizeof *images), *masks = ir_malloc(count * sizeof *masks);
    if (fread(images, sizeof *images, count, stdin) != count ||
        fread(masks, sizeof *masks, count, stdin) != count)
        ir_die("stdin is too short");

    const char *device = getenv("IR_TEST_DEVICE");
    ir_backend *b = ir_backend_open_as((ir_backend_options){
        .device = device ? device : "cpu", .threads = 2, .precision = IR_FP32});
    ir_checkpoint *ck = ir_checkpoint_read(argv[1], "detector");
    ir_detector *d = ir_detector_load(b, ck, IR_TO_TRAIN);
    ir_detector_set_dropout(d, 0);
    train_step(d, n, h, w, images, masks);
    ir_detector_graph *g = ir_detector_graph_for(d, IR_DETECTION, n, h, w, 0);
    ir_node_put(g->graph, g->image, images);
    ir_graph_forward(g->graph);
    section_of_node(g->graph, g->probability, "detection/probability");
    ir_flush(stdout, "standard output");
    ir_detector_free(d);
    ir_checkpoint_free(ck);
    ir_backend_close(b);
    free(images);
    free(masks);
    return 0;
}
