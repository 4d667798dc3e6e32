/* What the networks share. */
#ifndef IR_BLOCKS_H
#define IR_BLOCKS_H

#include "nets/nets.h"

/* Batch norm's default momentum (PyTorch's). */
#define IR_BN_MOMENTUM 0.1

/* relu(bn(conv(x))): conv without bias named CONV, batch norm named BN. */
ir_node *ir_conv_bn_relu(ir_graph *g, ir_node *x, const char *conv, const char *bn, ir_conv c,
                         double momentum);

/* torchvision's BasicBlock within the current scope: relu(bn2(conv2(relu(bn1(conv1(x))))) +
 * shortcut), 3x3 convolutions; the shortcut is x, or downsample.0 (1x1) and downsample.1 (batch
 * norm) when the stride or the channels differ (He et al., "Deep residual learning", 2016). bn1 and
 * bn2 keep IR_BN_MOMENTUM. */
ir_node *ir_basic_block(ir_graph *g, ir_node *x, int out, int stride, double shortcut_momentum);

#endif
