/* ACM: asymmetric contextual modulation (Dai et al., WACV 2021).
 *
 * BasicIRSTD's ASKCResUNet: channels 8, 16, 32, 64, three residual blocks a stage, asymmetric
 * bidirectional channel fusion on the way up; 397,823 trainable parameters, 0.40 GMAC at 256x256.
 * Parameter names are those of its state_dict. Its batch norms have momentum 0.9 there, but for bn1
 * and bn2 of the residual blocks (the running statistics are the last batch's); here it is an
 * option. */
#include "nets/blocks.h"

enum { BLOCKS = 3 };

/* Stem: stride 2, then a pool of stride 2: everything below works at a quarter of the size. */
static ir_node *stem(ir_graph *g, ir_node *x, double momentum)
{
    ir_scope(g, "stem");
    x = ir_batchnorm(g, x, "0", momentum);
    x = ir_conv_bn_relu(g, x, "1", "2", (ir_conv){.out = 8, .kernel = 3, .stride = 2, .pad = 1},
                        momentum);
    x = ir_conv_bn_relu(g, x, "4", "5", (ir_conv){.out = 8, .kernel = 3, .pad = 1}, momentum);
    x = ir_conv_bn_relu(g, x, "7", "8", (ir_conv){.out = 16, .kernel = 3, .pad = 1}, momentum);
    ir_end(g);
    return ir_max_pool(g, x, 3, 2, 1);
}

static ir_node *stage(ir_graph *g, ir_node *x, const char *name, int out, int stride,
                      double momentum)
{
    for (int i = 0; i < BLOCKS; i++) {
        ir_scope(g, "%s.%d", name, i);
        x = ir_basic_block(g, x, out, i == 0 ? stride : 1, momentum);
        ir_end(g);
    }
    return x;
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

/* AsymBiChaFuse: the high level weighs the low one by global context, the low one the high pixel by
 * pixel: post(2 low * topdown(high) + 2 high * bottomup(low)). */
static ir_node *fuse(ir_graph *g, ir_node *high, ir_node *low, const char *name, double momentum)
{
    ir_scope(g, "%s", name);
    ir_node *top = modulation(g, ir_global_avg_pool(g, high), "topdown", 1, momentum);
    ir_node *bottom = modulation(g, low, "bottomup", 0, momentum);
    ir_node *x = ir_add(g, ir_mul(g, low, top, 2), ir_mul(g, high, bottom, 2));
    const ir_conv post = {.out = ir_node_shape(x).c, .kernel = 3, .pad = 1, .bias = true};
    x = ir_conv_bn_relu(g, x, "post.0", "post.1", post, momentum);
    ir_end(g);
    return x;
}

static ir_node *head(ir_graph *g, ir_node *x, const ir_net_options *options)
{
    ir_scope(g, "head.block");
    x = ir_conv_bn_relu(g, x, "0", "1",
                        (ir_conv){.out = ir_node_shape(x).c / 4, .kernel = 3, .pad = 1},
                        options->bn_momentum);
    x = ir_conv2d(g, ir_dropout(g, x, options->dropout), "4",
                  (ir_conv){.out = 1,
                            .kernel = 1,
                            .bias = true,
                            .fixed_bias = options->prior,
                            .bias_init = IR_PRIOR_LOG_ODDS});
    ir_end(g);
    return x;
}

static ir_node *up(ir_graph *g, ir_node *x, const char *name)
{
    const int out = ir_node_shape(x).c / 2;
    return ir_conv_transpose2d(
        g, x, name, (ir_conv){.out = out, .kernel = 4, .stride = 2, .pad = 1, .bias = true});
}

int ir_acm(ir_graph *g, ir_node *image, const ir_net_options *options, ir_node **heads)
{
    const double momentum = options->bn_momentum;
    const ir_shape size = ir_node_shape(image);

    ir_node *c1 = stage(g, stem(g, image, momentum), "layer1", 16, 1, momentum);
    ir_node *c2 = stage(g, c1, "layer2", 32, 2, momentum);
    ir_node *c3 = stage(g, c2, "layer3", 64, 2, momentum);

    ir_node *u2 = fuse(g, up(g, c3, "deconv2"), c2, "fuse2", momentum);
    u2 = stage(g, u2, "uplayer2", 32, 1, momentum);
    ir_node *u1 = fuse(g, up(g, u2, "deconv1"), c1, "fuse1", momentum);
    u1 = stage(g, u1, "uplayer1", 16, 1, momentum);

    ir_node *logit = ir_resize(g, head(g, u1, options), size.h, size.w, false);
    heads[0] = ir_sigmoid(g, logit);
    return 1;
}
