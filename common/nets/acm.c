/* ACM: asymmetric contextual modulation (Dai et al., WACV 2021).
 *
 * BasicIRSTD's ASKCResUNet: channels 8, 16, 32, 64, three residual blocks a stage, asymmetric
 * bidirectional channel fusion on the way up; 397,823 trainable parameters, 0.34 GMAC at 256x256.
 * Parameter names are those of its state_dict. Its batch norms have momentum 0.9 there, but for bn1
 * and bn2 of the residual blocks (the running statistics are the last batch's); here it is an
 * option. */
#include "nets/blocks.h"

enum { BLOCKS = 3 };

ir_net_output ir_acm(ir_graph *g, ir_node *image, const ir_net_options *options)
{
    const double momentum = options->bn_momentum;
    const ir_residual block = ir_basic_block(momentum);
    const ir_shape size = ir_node_shape(image);
    ir_node *c1 = ir_stage(g, ir_stem(g, image, momentum), "layer1", BLOCKS, 16, 1, &block);
    ir_node *c2 = ir_stage(g, c1, "layer2", BLOCKS, 32, 2, &block);
    ir_node *c3 = ir_stage(g, c2, "layer3", BLOCKS, 64, 2, &block);
    ir_node *u2 = ir_asymmetric_fusion(g, ir_deconv(g, c3, "deconv2"), c2, "fuse2", options);
    u2 = ir_stage(g, u2, "uplayer2", BLOCKS, 32, 1, &block);
    ir_node *u1 = ir_asymmetric_fusion(g, ir_deconv(g, u2, "deconv1"), c1, "fuse1", options);
    u1 = ir_stage(g, u1, "uplayer1", BLOCKS, 16, 1, &block);

    ir_node *logit = ir_resize(g, ir_fcn_head(g, u1, options), size.h, size.w, false);
    return (ir_net_output){.head = {logit}, .heads = 1};
}
