/* The sums of gradients over the processes of a group, as a training graph starts them.
 *
 *   test-buckets NET    one backward pass of a network in a group of one process, whose
 *                       collectives write down what is started. Every trained number must be in
 *                       exactly one sum, and have its last value when that sum starts. Prints how
 *                       many sums there are and how many collectives of batch norms come after the
 *                       first. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "comm/comm.h"
#include "nets/detector.h"

enum { SIDE = 32, IMAGES = 2, MOST = 256 };

static struct {
    const float *first[MOST];
    float *then[MOST]; /* what was there when the sum was started */
    size_t count[MOST];
    int sums, later;
} seen;

static void all_reduce_start(ir_comm *c, float *values, size_t count)
{
    (void)c;
    if (seen.sums == MOST)
        ir_die("more than %d sums", MOST);
    seen.first[seen.sums] = values;
    seen.count[seen.sums] = count;
    seen.then[seen.sums] = ir_malloc(count * sizeof *values);
    memcpy(seen.then[seen.sums++], values, count * sizeof *values);
}

static void all_reduce_finish(ir_comm *c)
{
    (void)c;
}

static void all_gather(ir_comm *c, const void *own, size_t bytes, void *all)
{
    (void)c;
    memcpy(all, own, bytes);
    seen.later += seen.sums > 0;
}

static void step(ir_detector *d)
{
    const ir_detector_graph *t = ir_detector_graph_for(d, IR_TRAINING, IMAGES, SIDE, SIDE, 1);
    float image[IMAGES * SIDE * SIDE], mask[IMAGES * SIDE * SIDE];
    static const float ones[IMAGES] = {1, 1};
    for (int i = 0; i < IMAGES * SIDE * SIDE; i++) {
        image[i] = (float)(i * 37 % 101) / 101;
        mask[i] = image[i] > 0.9F;
    }
    ir_node_put(t->graph, t->image, image);
    ir_node_put(t->graph, t->mask, mask);
    ir_graph_forward(t->graph);
    ir_node_seed(t->graph, t->objective, ones);
    ir_graph_backward(t->graph);
    ir_params_finish_sums(ir_detector_params(d));
}

/* In how many sums the gradient is, each of which must have had its last value. */
static int sums_of(const ir_param *param)
{
    int sums = 0;
    for (int k = 0; k < seen.sums; k++) {
        if (param->grad < seen.first[k] || param->grad >= seen.first[k] + seen.count[k])
            continue;
        const size_t at = (size_t)(param->grad - seen.first[k]);
        if (at + param->size > seen.count[k])
            ir_die("%s: a part of it is in a sum", param->name);
        if (memcmp(seen.then[k] + at, param->grad, param->size * sizeof *param->grad) != 0)
            ir_die("%s: its gradient changed after its sum was started", param->name);
        sums++;
    }
    return sums;
}

int main(int argc, char **argv)
{
    const ir_normalisation normalisation = {.std = 1};
    ir_comm group = {.size = 1,
                     .all_reduce_start = all_reduce_start,
                     .all_reduce_finish = all_reduce_finish,
                     .all_gather = all_gather};
    ir_start(argv[0]);
    if (argc != 2)
        ir_usage_die("NET");
    ir_backend *b = ir_backend_open_as(
        (ir_backend_options){.device = "cpu", .threads = 1, .precision = IR_FP32, .comm = &group});
    ir_detector *d = ir_detector_new(b, ir_net_defaults(argv[1]), 1, &normalisation);
    step(d);
    ir_params *params = ir_detector_params(d);
    for (size_t i = 0; i < ir_params_count(params); i++) {
        const ir_param *param = ir_params_at(params, i);
        if (param->trained && sums_of(param) != 1)
            ir_die("%s: in %d sums", param->name, sums_of(param));
    }
    printf("%d %d\n", seen.sums, seen.later);
    for (int k = 0; k < seen.sums; k++)
        free(seen.then[k]);
    free(group.gathered);
    ir_detector_free(d);
    ir_backend_close(b);
    return 0;
}
