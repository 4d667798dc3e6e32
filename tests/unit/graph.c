/* Graphs that must not be: what tests/ops.bats drives. Each job dies with one line.
 *
 *   test-graph gradient-wanted   a gradient is needed of an operation that has none
 *   test-graph gradient-colour   the gradient magnitude of three channels
 *   test-graph even-kernel       deformable convolution with a kernel that has no centre
 *   test-graph few-offsets       fewer offsets than taps
 *   test-graph odd-group         5 images in groups of 2 */
#include <string.h>

#include "backend/backend.h"
#include "base/base.h"
#include "graph/graph.h"

static void build(ir_graph *g, const char *job)
{
    ir_node *x = ir_input(g, (ir_shape){5, 3, 8, 8}, false);
    ir_node *y = ir_input(g, (ir_shape){5, 1, 8, 8}, false);
    ir_node *offset = ir_input(g, (ir_shape){5, 6, 8, 8}, false);
    if (strcmp(job, "gradient-wanted") == 0) {
        ir_node *map = ir_conv2d(g, x, "conv", (ir_conv){.out = 1, .kernel = 1});
        ir_graph_start_backward_at(g, ir_gradient_magnitude(g, map));
    } else if (strcmp(job, "gradient-colour") == 0) {
        ir_gradient_magnitude(g, x);
    } else if (strcmp(job, "even-kernel") == 0) {
        ir_deform_conv2d(g, x, NULL, "deform", (ir_deform){.out = 1, .kernel_h = 1, .kernel_w = 2});
    } else if (strcmp(job, "few-offsets") == 0) {
        ir_scope(g, "block");
        ir_deform_conv2d(g, x, offset, "deform",
                         (ir_deform){.out = 1, .kernel_h = 3, .kernel_w = 3});
    } else if (strcmp(job, "odd-group") == 0) {
        ir_bce(g, y, y, 2);
    } else if (strcmp(job, "loss-by-map") == 0) {
        ir_graph_keep(g, ir_mul(g, y, ir_soft_iou(g, y, y, 1), 1));
    } else if (strcmp(job, "loss-inside") == 0) {
        ir_graph_keep(g, ir_linear(g, ir_soft_iou(g, y, y, 1), "linear", 2, false));
    } else {
        ir_usage_die("%s: no such job", job);
    }
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    if (argc != 2)
        ir_usage_die("wrong arguments");
    ir_backend *backend = ir_backend_open("cpu", 1);
    ir_graph *g = ir_graph_new(ir_params_new(backend), IR_TRAINING);
    build(g, argv[1]);
    ir_graph_plan(g);
    ir_die("%s: planned all the same", argv[1]);
}
