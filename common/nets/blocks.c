/* What the networks share. */
#include "nets/blocks.h"

ir_node *ir_conv_bn_relu(ir_graph *g, ir_node *x, const char *conv, const char *bn, ir_conv c,
                         double momentum)
{
    return ir_relu(g, ir_batchnorm(g, ir_conv2d(g, x, conv, c), bn, momentum));
}

ir_node *ir_basic_block(ir_graph *g, ir_node *x, int out, int stride, double shortcut_momentum)
{
    const ir_conv first = {.out = out, .kernel = 3, .stride = stride, .pad = 1};
    const ir_conv second = {.out = out, .kernel = 3, .pad = 1};
    ir_node *y = ir_conv_bn_relu(g, x, "conv1", "bn1", first, IR_BN_MOMENTUM);
    y = ir_batchnorm(g, ir_conv2d(g, y, "conv2", second), "bn2", IR_BN_MOMENTUM);
    if (stride != 1 || out != ir_node_shape(x).c) {
        const ir_conv project = {.out = out, .kernel = 1, .stride = stride};
        x = ir_batchnorm(g, ir_conv2d(g, x, "downsample.0", project), "downsample.1",
                         shortcut_momentum);
    }
    return ir_relu(g, ir_add(g, y, x));
}
