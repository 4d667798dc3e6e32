/* DNANet: dense nested attention network (Li et al., TIP 2023).
 *
 * BasicIRSTD's DNANet: filters 16..256, residual blocks with channel and spatial attention, one a
 * node at full size and two below; 4,696,568 trainable parameters, 13.9 GMAC at 256x256. Node
 * x(i,j) stands at level i (size / 2^i) and depth j:
 *
 *     x(i,0) = block(pool(x(i-1,0)))
 *     x(i,j) = block(x(i,0), ..., x(i,j-1), up(x(i+1,j-1)), down(x(i-1,j)))
 *
 * Heads stand on x(0,1), x(0,2), x(0,3) and on the fusion of the last node of every level. With
 * --sfim there is an SFIM on that fusion. */
#include <stdio.h>

#include "nets/blocks.h"

enum { LEVELS = 5, CHANNEL_RATIO = 16 };
static const int filters[LEVELS] = {16, 32, 64, 128, 256};

/* Refines a block's features before the shortcut is added; NULL: nothing does. */
typedef struct {
    const ir_net_options *options;
    ir_refinement *refine;
} variant;

static ir_node *squeeze(ir_graph *g, ir_node *pooled)
{
    const int channels = ir_node_shape(pooled).c;
    ir_node *x = ir_relu(
        g, ir_conv2d(g, pooled, "fc1", (ir_conv){.out = channels / CHANNEL_RATIO, .kernel = 1}));
    return ir_conv2d(g, x, "fc2", (ir_conv){.out = channels, .kernel = 1});
}

static ir_node *channel_attention(ir_graph *g, ir_node *x)
{
    ir_scope(g, "ca");
    ir_node *average = squeeze(g, ir_global_avg_pool(g, x));
    ir_node *maximum = squeeze(g, ir_global_max_pool(g, x));
    ir_end(g);
    return ir_mul(g, x, ir_sigmoid(g, ir_add(g, average, maximum)), 1);
}

static ir_node *spatial_attention(ir_graph *g, ir_node *x)
{
    ir_node *pooled[] = {ir_channel_mean(g, x), ir_channel_max(g, x)};
    ir_scope(g, "sa");
    ir_node *weights =
        ir_conv2d(g, ir_concat(g, 2, pooled), "conv1", (ir_conv){.out = 1, .kernel = 7, .pad = 3});
    ir_end(g);
    return ir_mul(g, x, ir_sigmoid(g, weights), 1);
}

static ir_node *attention(ir_graph *g, ir_node *x)
{
    return spatial_attention(g, channel_attention(g, x));
}

static ir_node *residual_block(ir_graph *g, ir_node *x, int out, const variant *v)
{
    const double momentum = v->options->bn_momentum;
    const ir_conv conv = {.out = out, .kernel = 3, .pad = 1, .bias = true};
    ir_node *y = ir_conv_bn_relu(g, x, "conv1", "bn1", conv, momentum);
    y = ir_batchnorm(g, ir_conv2d(g, y, "conv2", conv), "bn2", momentum);
    if (out != ir_node_shape(x).c) {
        const ir_conv project = {.out = out, .kernel = 1, .bias = true};
        x = ir_batchnorm(g, ir_conv2d(g, x, "shortcut.0", project), "shortcut.1", momentum);
    }
    if (v->refine)
        y = v->refine(g, y);
    return ir_relu(g, ir_add(g, y, x));
}

static ir_node *blocks(ir_graph *g, ir_node *x, const char *name, int count, int out,
                       const variant *v)
{
    for (int i = 0; i < count; i++) {
        ir_scope(g, "%s.%d", name, i);
        x = residual_block(g, x, out, v);
        ir_end(g);
    }
    return x;
}

static ir_node *larger(ir_graph *g, ir_node *x, int factor)
{
    const ir_shape s = ir_node_shape(x);
    return ir_resize(g, x, s.h * factor, s.w * factor, true);
}

static ir_node *half(ir_graph *g, ir_node *x)
{
    const ir_shape s = ir_node_shape(x);
    return ir_resize(g, x, s.h / 2, s.w / 2, true);
}

static ir_node *nested(ir_graph *g, ir_node *x[LEVELS][LEVELS], int i, int j, const variant *v)
{
    char name[32];
    snprintf(name, sizeof name, "conv%d_%d", i, j);
    ir_node *in[LEVELS + 2];
    int count = 0;
    for (int k = 0; k < j; k++)
        in[count++] = x[i][k];
    in[count++] = larger(g, x[i + 1][j - 1], 2);
    if (i > 0)
        in[count++] = half(g, x[i - 1][j]);
    return blocks(g, ir_concat(g, count, in), name, i == 0 ? 1 : 2, filters[i], v);
}

/* The last node of every level, at full size. */
static ir_node *fuse_levels(ir_graph *g, ir_node *x[LEVELS][LEVELS], const variant *v)
{
    ir_node *in[LEVELS];
    for (int i = LEVELS - 1; i > 0; i--) {
        char name[32];
        snprintf(name, sizeof name, "conv0_%d_1x1", i);
        const ir_conv project = {.out = filters[0], .kernel = 1, .bias = true};
        in[LEVELS - 1 - i] = larger(g, ir_conv2d(g, x[i][LEVELS - 1 - i], name, project), 1 << i);
    }
    in[LEVELS - 1] = x[0][LEVELS - 1];
    return blocks(g, ir_concat(g, LEVELS, in), "conv0_4_final", 1, filters[0], v);
}

ir_net_output ir_dense_nested(ir_graph *g, ir_node *image, const ir_net_options *options,
                              ir_refinement *refine, bool sfim)
{
    const variant *v = &(variant){options, refine};
    ir_node *x[LEVELS][LEVELS];
    ir_net_output out = {.heads = LEVELS - 1};
    for (int sum = 0; sum < LEVELS; sum++) {
        ir_node *above = sum == 0 ? image : ir_max_pool(g, x[sum - 1][0], 2, 2, 0);
        char name[32];
        snprintf(name, sizeof name, "conv%d_0", sum);
        x[sum][0] = blocks(g, above, name, sum == 0 ? 1 : 2, filters[sum], v);
        for (int j = 1; j <= sum; j++)
            x[sum - j][j] = nested(g, x, sum - j, j, v);
        snprintf(name, sizeof name, "x0_%d", sum);
        ir_feature(g, x[0][sum], name);
    }
    ir_node *fused = fuse_levels(g, x, v);
    if (sfim)
        fused = ir_sfim(g, fused, "sfim");
    ir_feature(g, fused, "fused");
    for (int i = 0; i < out.heads; i++) {
        char name[32];
        snprintf(name, sizeof name, "final%d", i + 1);
        ir_node *from = i + 1 < out.heads ? x[0][i + 1] : fused;
        out.head[i] = ir_logit(g, from, name, v->options);
    }
    return out;
}

ir_net_output ir_dnanet(ir_graph *g, ir_node *image, const ir_net_options *options)
{
    return ir_dense_nested(g, image, options, attention, options->sfim);
}
