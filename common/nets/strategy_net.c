/* The strategy network N_S of the paper: "five convolution blocks and one layer of fully-connected
 * unit". Widths, stride and pooling are ours, since the paper gives none. The last layer starts at
 * zero, so the first policy is uniform. */
#include "nets/blocks.h"

ir_node *ir_strategy_net(ir_graph *g, ir_node *image, int strategies)
{
    static const int width[] = {16, 32, 64, 128, 256};
    ir_node *x = image;
    for (int i = 0; i < 5; i++) {
        ir_scope(g, "blocks.%d", i);
        x = ir_conv_bn_relu(g, x, "0", "1",
                            (ir_conv){.out = width[i], .kernel = 3, .stride = 2, .pad = 1},
                            IR_BN_MOMENTUM);
        ir_end(g);
    }
    x = ir_linear(g, ir_global_avg_pool(g, x), "fc", strategies, true);
    return ir_log_softmax(g, x);
}
