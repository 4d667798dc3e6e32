/* What the networks share. */
#include "nets/blocks.h"

ir_node *ir_conv_bn_relu(ir_graph *g, ir_node *x, const char *conv, const char *bn, ir_conv c,
                         double momentum)
{
    return ir_relu(g, ir_batchnorm(g, ir_conv2d(g, x, conv, c), bn, momentum));
}

ir_residual ir_basic_block(double shortcut_momentum)
{
    return (ir_residual){"conv1", "bn1", "conv2", "bn2", IR_BN_MOMENTUM, shortcut_momentum};
}

ir_node *ir_residual_block(ir_graph *g, ir_node *x, int out, int stride, const ir_residual *block)
{
    const ir_conv first = {.out = out, .kernel = 3, .stride = stride, .pad = 1};
    const ir_conv second = {.out = out, .kernel = 3, .pad = 1};
    ir_node *y = ir_conv_bn_relu(g, x, block->conv1, block->bn1, first, block->momentum);
    y = ir_batchnorm(g, ir_conv2d(g, y, block->conv2, second), block->bn2, block->momentum);
    if (stride != 1 || out != ir_node_shape(x).c) {
        const ir_conv project = {.out = out, .kernel = 1, .stride = stride};
        x = ir_batchnorm(g, ir_conv2d(g, x, "downsample.0", project), "downsample.1",
                         block->shortcut_momentum);
    }
    return ir_relu(g, ir_add(g, y, x));
}

ir_node *ir_stage(ir_graph *g, ir_node *x, const char *name, int blocks, int out, int stride,
                  const ir_residual *block)
{
    for (int i = 0; i < blocks; i++) {
        ir_scope(g, "%s.%d", name, i);
        x = ir_residual_block(g, x, out, i == 0 ? stride : 1, block);
        ir_end(g);
    }
    return ir_feature(g, x, name);
}

ir_node *ir_stem(ir_graph *g, ir_node *x, double momentum)
{
    ir_scope(g, "stem");
    x = ir_batchnorm(g, x, "0", momentum);
    x = ir_conv_bn_relu(g, x, "1", "2", (ir_conv){.out = 8, .kernel = 3, .stride = 2, .pad = 1},
                        momentum);
    x = ir_conv_bn_relu(g, x, "4", "5", (ir_conv){.out = 8, .kernel = 3, .pad = 1}, momentum);
    x = ir_conv_bn_relu(g, x, "7", "8", (ir_conv){.out = 16, .kernel = 3, .pad = 1}, momentum);
    ir_end(g);
    return ir_feature(g, ir_max_pool(g, x, 3, 2, 1), "stem");
}

ir_node *ir_deconv(ir_graph *g, ir_node *x, const char *name)
{
    const int out = ir_node_shape(x).c / 2;
    return ir_conv_transpose2d(
        g, x, name, (ir_conv){.out = out, .kernel = 4, .stride = 2, .pad = 1, .bias = true});
}

/* sigmoid(bn(conv1x1(relu(bn(conv1x1(x)))))) with a bottleneck of a quarter; `first` is the index
 * of the first convolution in PyTorch's Sequential (topdown counts its pooling). */
static ir_node *modulation(ir_graph *g, ir_node *x, const char *name, int first, double momentum)
{
    const int channels = ir_node_shape(x).c;
    char at[4][2] = {
        {(char)('0' + first)}, {(char)('1' + first)}, {(char)('3' + first)}, {(char)('4' + first)}};
    ir_scope(g, "%s", name);
    x = ir_conv_bn_relu(g, x, at[0], at[1],
                        (ir_conv){.out = channels / 4, .kernel = 1, .bias = true}, momentum);
    x = ir_conv2d(g, x, at[2], (ir_conv){.out = channels, .kernel = 1, .bias = true});
    x = ir_sigmoid(g, ir_batchnorm(g, x, at[3], momentum));
    ir_end(g);
    return x;
}

ir_node *ir_asymmetric_fusion(ir_graph *g, ir_node *high, ir_node *low, const char *name,
                              const ir_net_options *options)
{
    const double momentum = options->bn_momentum;
    ir_scope(g, "%s", name);
    ir_node *top = modulation(g, ir_global_avg_pool(g, high), "topdown", 1, momentum);
    ir_node *bottom = modulation(g, low, "bottomup", 0, momentum);
    ir_node *x = ir_add(g, ir_mul(g, low, top, 2), ir_mul(g, high, bottom, 2));
    const ir_conv post = {.out = ir_node_shape(x).c, .kernel = 3, .pad = 1, .bias = true};
    x = ir_conv_bn_relu(g, x, "post.0", "post.1", post, momentum);
    if (options->sfim)
        x = ir_sfim(g, x, "sfim");
    ir_end(g);
    return ir_feature(g, x, name);
}

ir_node *ir_logit(ir_graph *g, ir_node *x, const char *name, const ir_net_options *options)
{
    return ir_conv2d(g, x, name,
                     (ir_conv){.out = 1,
                               .kernel = 1,
                               .bias = true,
                               .fixed_bias = options->prior,
                               .bias_init = IR_PRIOR_LOG_ODDS,
                               .balanced = options->prior});
}

ir_node *ir_fcn_head(ir_graph *g, ir_node *x, const ir_net_options *options)
{
    ir_scope(g, "head.block");
    x = ir_conv_bn_relu(g, x, "0", "1",
                        (ir_conv){.out = ir_node_shape(x).c / 4, .kernel = 3, .pad = 1},
                        options->bn_momentum);
    x = ir_logit(g, ir_dropout(g, x, options->dropout), "4", options);
    ir_end(g);
    return x;
}
