/* ISNet: shape matters (Zhang et al., CVPR 2022).
 *
 * BasicIRSTD's ISNet: ACM's stem and stages with four residual blocks, fusion by two-orientation
 * attention aggregation (TTOA: deformable 1x3 and 3x1 convolutions), and an edge branch of three
 * Taylor finite difference (TFD) blocks at full size, 64 channels wide, that starts from the
 * gradient of the image and is trained to give the gradient of the mask; what it finds strengthens
 * the features under the head. Nearly all of the 31.1 GMAC at 256x256 are there. The modules that
 * the published code makes and never runs (SA, SA_att, cw, d1-d3, res1-res3, gate1-gate3, dsup's
 * siblings head2, conv2_1, conv16) are not here: such arrays in a checkpoint are passed over. */
#include <math.h>

#include "nets/blocks.h"

enum { BLOCKS = 4, EDGE = 64 };

/* low + sigmoid(deformable convolution of low) * high; the offsets start at 0. */
static ir_node *orientation(ir_graph *g, ir_node *low, ir_node *high, const char *name,
                            int kernel_h, int kernel_w)
{
    const int out = ir_node_shape(low).c, taps = kernel_h * kernel_w;
    ir_scope(g, "%s", name);
    ir_node *offset = ir_deform_conv2d(
        g, low, NULL, "conv_offset",
        (ir_deform){.out = 2 * taps, .kernel_h = kernel_h, .kernel_w = kernel_w, .zero = true});
    ir_node *weights = ir_sigmoid(
        g, ir_deform_conv2d(g, low, offset, "",
                            (ir_deform){.out = out, .kernel_h = kernel_h, .kernel_w = kernel_w}));
    ir_end(g);
    return ir_add(g, low, ir_mul(g, high, weights, 1));
}

static ir_node *preprocess(ir_graph *g, ir_node *x)
{
    const int channels = ir_node_shape(x).c;
    ir_scope(g, "preprocess");
    x = ir_conv2d(g, x, "0", (ir_conv){.out = channels / 2, .kernel = 1, .bias = true});
    x = ir_conv2d(g, x, "1", (ir_conv){.out = channels, .kernel = 1, .bias = true});
    ir_end(g);
    return x;
}

/* TTOA: both levels through the same two convolutions, then along rows and along columns. */
static ir_node *ttoa(ir_graph *g, ir_node *low, ir_node *high, const char *name,
                     const ir_net_options *options)
{
    ir_scope(g, "%s", name);
    low = preprocess(g, low);
    high = preprocess(g, high);
    ir_node *column = orientation(g, low, high, "dcn_colum", 3, 1);
    ir_node *row = orientation(g, low, high, "dcn_row", 1, 3);
    ir_node *x = ir_add(g, row, column);
    if (options->sfim)
        x = ir_sfim(g, x, "sfim");
    ir_end(g);
    return ir_feature(g, x, name);
}

/* x (1 + alpha) through a 1x1 convolution; alpha, one a pixel, from x and one more map. Started as
 * Xavier and Bengio (2010) say. */
static ir_node *gate(ir_graph *g, ir_node *x, ir_node *map, double momentum)
{
    const int channels = ir_node_shape(x).c;
    ir_scope(g, "gate");
    ir_node *alpha = ir_concat(g, 2, (ir_node *[]){x, map});
    ir_scope(g, "_gate_conv");
    alpha = ir_batchnorm(g, alpha, "0", momentum);
    alpha = ir_conv2d(g, alpha, "1", (ir_conv){.out = channels + 1, .kernel = 1, .bias = true});
    alpha = ir_conv2d(g, ir_relu(g, alpha), "3", (ir_conv){.out = 1, .kernel = 1, .bias = true});
    alpha = ir_sigmoid(g, ir_batchnorm(g, alpha, "4", momentum));
    ir_end(g);
    x = ir_add(g, x, ir_mul(g, x, alpha, 1));
    x = ir_conv2d(g, x, "",
                  (ir_conv){.out = channels, .kernel = 1, .deviation = sqrt(1.0 / channels)});
    ir_end(g);
    return x;
}

/* bn(conv(relu(bn(conv(x))))), started as He et al. (2015) say, for the values that go out. */
static ir_node *difference(ir_graph *g, ir_node *x, const char *name, double momentum)
{
    const int channels = ir_node_shape(x).c;
    const ir_conv conv = {
        .out = channels, .kernel = 3, .pad = 1, .deviation = sqrt(2.0 / (9 * channels))};
    ir_scope(g, "%s", name);
    x = ir_conv_bn_relu(g, x, "conv1", "bn1", conv, momentum);
    x = ir_batchnorm(g, ir_conv2d(g, x, "conv2", conv), "bn2", momentum);
    ir_end(g);
    return x;
}

/* TFD: with d0 the first difference of u0 and u2 the one of u1 = relu(u0 + d0),
 * 3 relu(d0) + relu(u2) + gate(relu(u2), map). */
static ir_node *tfd(ir_graph *g, ir_node *u0, ir_node *map, const char *name, double momentum)
{
    ir_scope(g, "%s", name);
    ir_node *d0 = difference(g, u0, "res1", momentum);
    ir_node *u1 = ir_relu(g, ir_add(g, d0, u0));
    ir_node *u2 = ir_relu(g, difference(g, u1, "res2", momentum));
    ir_node *x = ir_add(g, ir_scale(g, ir_relu(g, d0), 3), u2);
    x = ir_add(g, x, gate(g, u2, map, momentum));
    ir_end(g);
    return ir_feature(g, x, name);
}

/* The features of one level as one map at full size. */
static ir_node *side_map(ir_graph *g, ir_node *x, const char *name, ir_shape size)
{
    x = ir_conv2d(g, x, name, (ir_conv){.out = 1, .kernel = 1, .bias = true});
    return ir_resize(g, x, size.h, size.w, true);
}

ir_net_output ir_isnet(ir_graph *g, ir_node *image, const ir_net_options *options)
{
    const double momentum = options->bn_momentum;
    const ir_residual block = {"body.0", "body.1", "body.3", "body.4", momentum, momentum};
    const ir_shape size = ir_node_shape(image);
    ir_node *c1 = ir_stage(g, ir_stem(g, image, momentum), "layer1", BLOCKS, 16, 1, &block);
    ir_node *c2 = ir_stage(g, c1, "layer2", BLOCKS, 32, 2, &block);
    ir_node *c3 = ir_stage(g, c2, "layer3", BLOCKS, 64, 2, &block);
    ir_node *u2 = ttoa(g, ir_deconv(g, c3, "deconv2"), c2, "TTOA_low", options);
    u2 = ir_stage(g, u2, "uplayer2", BLOCKS, 32, 1, &block);
    ir_node *u1 = ttoa(g, ir_deconv(g, u2, "deconv1"), c1, "TTOA_high", options);
    u1 = ir_stage(g, u1, "uplayer1", BLOCKS, 16, 1, &block);

    ir_node *edge = ir_conv2d(g, ir_gradient_magnitude(g, image), "dsup",
                              (ir_conv){.out = EDGE, .kernel = 1, .bias = true});
    edge = tfd(g, edge, side_map(g, c3, "dsn1", size), "myb1", momentum);
    edge = tfd(g, edge, side_map(g, u2, "dsn2", size), "myb2", momentum);
    edge = tfd(g, edge, side_map(g, u1, "dsn3", size), "myb3", momentum);
    edge = ir_conv2d(g, edge, "fuse", (ir_conv){.out = 1, .kernel = 1});

    ir_node *shape = ir_feature(g, ir_sigmoid(g, edge), "edge");
    ir_node *x = ir_resize(g, u1, size.h, size.w, false);
    x = ir_add(g, x, ir_mul(g, x, shape, 1));
    ir_node *logit = ir_fcn_head(g, ir_feature(g, x, "fused"), options);
    return (ir_net_output){.head = {logit}, .heads = 1, .edge = edge};
}
