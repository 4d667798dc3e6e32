/* SFIM, the spatial-frequency interaction module of BALISTD (Liu et al., section
 * "Spatial-frequency interaction", figure 2c).
 *
 *     R, I = rfft2(F)
 *     R' = 1x1(relu(depthwise 3x3(R))), I' likewise with weights of its own
 *     F' = irfft2(R', I')
 *     out = relu(F' + bn(3x3(relu(bn(3x3(F'))))))
 *
 * The authors published neither code nor names; the names real.0, real.2, imag.0, imag.2 and
 * spatial.conv1 ... spatial.bn2 are ours. The convolutions in the frequency domain have no bias: a
 * spectrum grows with the image's area, and without biases the module is homogeneous, so that it
 * does the same at every image size and under every normalisation of the transform. */
#include "nets/blocks.h"

static ir_node *refine(ir_graph *g, ir_node *x, const char *name)
{
    const int channels = ir_node_shape(x).c;
    ir_scope(g, "%s", name);
    x = ir_conv2d(g, x, "0", (ir_conv){.out = channels, .kernel = 3, .pad = 1, .depthwise = true});
    x = ir_conv2d(g, ir_relu(g, x), "2", (ir_conv){.out = channels, .kernel = 1});
    ir_end(g);
    return x;
}

ir_node *ir_sfim(ir_graph *g, ir_node *x, const char *name)
{
    const ir_shape s = ir_node_shape(x);
    const ir_residual block = ir_basic_block(IR_BN_MOMENTUM);
    ir_scope(g, "%s", name);
    ir_feature(g, x, "before");
    ir_node *spectrum = ir_rfft2(g, x);
    ir_node *real = refine(g, ir_slice(g, spectrum, 0, s.c), "real");
    ir_node *imaginary = refine(g, ir_slice(g, spectrum, s.c, s.c), "imag");
    ir_node *refined = ir_concat(g, 2, (ir_node *[]){real, imaginary});
    x = ir_feature(g, ir_irfft2(g, refined, s.w), "frequency");
    ir_scope(g, "spatial");
    x = ir_residual_block(g, x, s.c, 1, &block);
    ir_end(g);
    ir_feature(g, x, "after");
    ir_end(g);
    return x;
}
