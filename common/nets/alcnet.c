/* ALCNet: attentional local contrast network (Dai et al., TGRS 2021).
 *
 * BasicIRSTD's ASKCResNetFPN: ACM's stem and fusion with four residual blocks a stage, and on the
 * way up the fused maps alone, to half the image's size. Its local contrast measure is not in that
 * code, which is the one whose size (0.427 M) and scores are published; nor are its uplayer1 and
 * uplayer2 ever run, so they are not here: such arrays in a checkpoint are passed over. Batch
 * norms as in ACM. */
#include "nets/blocks.h"

enum { BLOCKS = 4 };

ir_net_output ir_alcnet(ir_graph *g, ir_node *image, const ir_net_options *options)
{
    const double momentum = options->bn_momentum;
    const ir_residual block = ir_basic_block(momentum);
    const ir_shape size = ir_node_shape(image);
    ir_node *c1 = ir_stage(g, ir_stem(g, image, momentum), "layer1", BLOCKS, 16, 1, &block);
    ir_node *c2 = ir_stage(g, c1, "layer2", BLOCKS, 32, 2, &block);
    ir_node *c3 = ir_stage(g, c2, "layer3", BLOCKS, 64, 2, &block);
    ir_node *u2 = ir_asymmetric_fusion(g, ir_deconv(g, c3, "deconv2"), c2, "fuse23", options);
    ir_node *u1 = ir_asymmetric_fusion(g, ir_deconv(g, u2, "deconv1"), c1, "fuse12", options);
    ir_node *logit = ir_fcn_head(g, ir_deconv(g, u1, "deconv0"), options);
    logit = ir_resize(g, logit, size.h, size.w, false);
    return (ir_net_output){.head = {logit}, .heads = 1};
}
