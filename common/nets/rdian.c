/* RDIAN: receptive-field and direction-induced attention network (Sun et al., TGRS 2023).
 *
 * As in its authors' repository: eight fixed direction differences of the image weigh the first
 * features, residual branches with kernels 1, 3, 5 and 7 work at half the size, CBAM (Woo et al.,
 * ECCV 2018) weighs what they give together. 216,558 trainable parameters and the 8 x 25 taps of
 * the direction kernels, which are state. 3.69 GMAC at 256x256. BasicIRSTD's copy is the same
 * network. */
#include "nets/blocks.h"

#define LEAK             0.01 /* PyTorch's default slope */
#define SPATIAL_MOMENTUM 0.01 /* of CBAM's batch norm */

enum { CHANNELS = 32, DIRECTIONS = 8, TAPS = 25 };

/* leaky(bn(conv)), conv named NAME.0, batch norm NAME.1 */
static ir_node *conv_batch(ir_graph *g, ir_node *x, const char *name, ir_conv c, double momentum)
{
    ir_scope(g, "%s", name);
    x = ir_batchnorm(g, ir_conv2d(g, x, "0", c), "1", momentum);
    x = ir_leaky_relu(g, x, LEAK);
    ir_end(g);
    return x;
}

/* x plus two convolutions of size `kernel` through half the channels, `blocks` times. */
static ir_node *branch(ir_graph *g, ir_node *x, int index, int blocks, int kernel, double momentum)
{
    for (int i = 0; i < blocks; i++) {
        const ir_conv narrow = {.out = CHANNELS / 2, .kernel = kernel, .pad = kernel / 2};
        const ir_conv wide = {.out = CHANNELS, .kernel = kernel, .pad = kernel / 2};
        ir_scope(g, "residual_block%d.%d", index, i);
        ir_node *y = conv_batch(g, x, "layer1", narrow, momentum);
        y = conv_batch(g, y, "layer2", wide, momentum);
        x = ir_add(g, y, x);
        ir_end(g);
    }
    return x;
}

/* The image minus itself two pixels away, in eight directions clockwise from the upper left; the
 * products of opposite ones, summed: bright where a spot stands out on both sides. */
static ir_node *direction_attention(ir_graph *g, ir_node *image)
{
    static const float kernel[DIRECTIONS][TAPS] = {
        {[0] = -1, [12] = 1},  {[2] = -1, [12] = 1},  {[4] = -1, [12] = 1},  {[14] = -1, [12] = 1},
        {[24] = -1, [12] = 1}, {[22] = -1, [12] = 1}, {[20] = -1, [12] = 1}, {[10] = -1, [12] = 1},
    };
    ir_node *difference[DIRECTIONS], *sum = NULL;
    for (int i = 0; i < DIRECTIONS; i++) {
        ir_scope(g, "d1%d", i + 1);
        difference[i] =
            ir_conv2d(g, image, "", (ir_conv){.out = 1, .kernel = 5, .pad = 2, .fixed = kernel[i]});
        ir_end(g);
    }
    for (int i = 0; i < DIRECTIONS / 2; i++) {
        ir_node *product = ir_mul(g, difference[i], difference[i + DIRECTIONS / 2], 1);
        sum = sum ? ir_add(g, sum, product) : product;
    }
    return ir_feature(g, ir_sigmoid(g, sum), "direction");
}

static ir_node *channel_weights(ir_graph *g, ir_node *pooled)
{
    ir_scope(g, "cbam.ChannelGate.mlp");
    ir_node *x = ir_relu(g, ir_linear(g, pooled, "1", 1, false));
    x = ir_linear(g, x, "3", CHANNELS, false);
    ir_end(g);
    return x;
}

static ir_node *spatial_weights(ir_graph *g, ir_node *x)
{
    ir_node *pooled[] = {ir_channel_max(g, x), ir_channel_mean(g, x)};
    ir_scope(g, "cbam.SpatialGate.spatial");
    x = ir_conv2d(g, ir_concat(g, 2, pooled), "conv", (ir_conv){.out = 1, .kernel = 7, .pad = 3});
    x = ir_sigmoid(g, ir_batchnorm(g, x, "bn", SPATIAL_MOMENTUM));
    ir_end(g);
    return x;
}

static ir_node *cbam(ir_graph *g, ir_node *x)
{
    ir_node *average = channel_weights(g, ir_global_avg_pool(g, x));
    ir_node *maximum = channel_weights(g, ir_global_max_pool(g, x));
    x = ir_mul(g, x, ir_sigmoid(g, ir_add(g, average, maximum)), 1);
    return ir_mul(g, x, spatial_weights(g, x), 1);
}

ir_net_output ir_rdian(ir_graph *g, ir_node *image, const ir_net_options *options)
{
    const double momentum = options->bn_momentum;
    const ir_shape size = ir_node_shape(image);
    ir_node *first =
        conv_batch(g, image, "conv1", (ir_conv){.out = 16, .kernel = 3, .pad = 1}, momentum);
    ir_node *x = ir_add(g, first, ir_mul(g, first, direction_attention(g, image), 1));
    x = conv_batch(g, x, "conv2", (ir_conv){.out = CHANNELS, .kernel = 3, .stride = 2, .pad = 1},
                   momentum);

    ir_node *branches[4];
    for (int i = 0; i < 4; i++)
        branches[i] = branch(g, x, i, i == 0 ? 1 : 2, 2 * i + 1, momentum);
    x = conv_batch(g, ir_concat(g, 4, branches), "conv_cat",
                   (ir_conv){.out = CHANNELS, .kernel = 3, .pad = 1}, momentum);
    if (options->sfim)
        x = ir_sfim(g, x, "sfim");
    x = ir_feature(g, cbam(g, ir_feature(g, x, "fused")), "attended");

    ir_node *fine =
        conv_batch(g, first, "conv_res", (ir_conv){.out = CHANNELS, .kernel = 1}, momentum);
    x = ir_relu(g, ir_add(g, ir_resize(g, x, size.h, size.w, false), fine));
    return (ir_net_output){.head = {ir_fcn_head(g, x, options)}, .heads = 1};
}
