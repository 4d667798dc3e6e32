/* Blocks that several networks use. */
#ifndef IR_BLOCKS_H
#define IR_BLOCKS_H

#include "nets/nets.h"

/* Batch norm's default momentum (PyTorch's). */
#define IR_BN_MOMENTUM 0.1

/* relu(bn(conv(x))): conv without bias named CONV, batch norm named BN. */
ir_node *ir_conv_bn_relu(ir_graph *g, ir_node *x, const char *conv, const char *bn, ir_conv c,
                         double momentum);

/* Names of a residual block's layers; momentum of bn1 and bn2, and of the shortcut's batch norm. */
typedef struct {
    const char *conv1, *bn1, *conv2, *bn2;
    double momentum, shortcut_momentum;
} ir_residual;

/* torchvision's BasicBlock: named as above; bn1 and bn2 keep IR_BN_MOMENTUM. */
ir_residual ir_basic_block(double shortcut_momentum);

/* Within the current scope relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut), 3x3 convolutions; the
 * shortcut is x, or downsample.0 (1x1) and downsample.1 (batch norm) when the stride or the
 * channels differ (He et al., "Deep residual learning", 2016). */
ir_node *ir_residual_block(ir_graph *g, ir_node *x, int out, int stride, const ir_residual *block);

/* `blocks` such blocks NAME.0, NAME.1, ...; the first has the stride. */
ir_node *ir_stage(ir_graph *g, ir_node *x, const char *name, int blocks, int out, int stride,
                  const ir_residual *block);

/* "stem" of ACM, ALCNet and ISNet: batch norm, three 3x3 convolutions to 8, 8 and 16 channels, the
 * first of stride 2, and a pool of stride 2: (N,1,H,W) -> (N,16,H/4,W/4). */
ir_node *ir_stem(ir_graph *g, ir_node *x, double momentum);

/* NAME: 4x4 transposed convolution of stride 2 to half the channels. */
ir_node *ir_deconv(ir_graph *g, ir_node *x, const char *name);

/* AsymBiChaFuse NAME (Dai et al., WACV 2021): the high level weighs the low one by global context,
 * the low one the high pixel by pixel: post(2 low * topdown(high) + 2 high * bottomup(low)), and
 * SFIM when the options say so. */
ir_node *ir_asymmetric_fusion(ir_graph *g, ir_node *high, ir_node *low, const char *name,
                              const ir_net_options *options);

/* "head" of ACM, ALCNet, RDIAN and ISNet: 3x3 convolution to a quarter of the channels, batch norm,
 * ReLU, dropout, 1x1 convolution to one logit. */
ir_node *ir_fcn_head(ir_graph *g, ir_node *x, const ir_net_options *options);

/* A logit map's 1x1 convolution NAME; its bias starts as the options' init says. */
ir_node *ir_logit(ir_graph *g, ir_node *x, const char *name, const ir_net_options *options);

/* SFIM, the spatial-frequency interaction module, in scope NAME (Liu et al., BALISTD, section
 * "Spatial-frequency interaction"); same shape out. See sfim.c. */
ir_node *ir_sfim(ir_graph *g, ir_node *x, const char *name);

/* DNANet's dense nested network. refine: refines a block's features, in place of DNANet's
 * attention; NULL: nothing does. sfim: an SFIM on the fusion of all levels. See dnanet.c. */
typedef ir_node *ir_refinement(ir_graph *g, ir_node *x);
ir_net_output ir_dense_nested(ir_graph *g, ir_node *image, const ir_net_options *options,
                              ir_refinement *refine, bool sfim);

#endif
