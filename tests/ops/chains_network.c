/* The building blocks of networks: residual blocks, attention, U-nets, spectra, several heads. */
#include <stdio.h>

#include "cases.h"

static value conv_bn(reftest *t, value x, const char *name, ir_conv c)
{
    char bn[32];
    snprintf(bn, sizeof bn, "%s_bn", name);
    return reftest_batchnorm(t, reftest_conv2d(t, x, name, c), bn, 0.1);
}

static value conv_bn_relu(reftest *t, value x, const char *name, int out, int stride)
{
    ir_conv c = {.out = out, .kernel = 3, .stride = stride, .pad = 1};
    return reftest_relu(t, conv_bn(t, x, name, c));
}

static value pointwise(reftest *t, value x, const char *name, int out)
{
    return reftest_conv2d(t, x, name, (ir_conv){.out = out, .kernel = 1});
}

static void residual_block(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 12, 9, 8}, FILL_NORMAL, true);
    value y = conv_bn_relu(t, x, "conv1", 12, 1);
    y = conv_bn(t, y, "conv2", (ir_conv){.out = 12, .kernel = 3, .pad = 1});
    reftest_seed(t, reftest_relu(t, reftest_add(t, y, x)));
}

static void residual_block_down(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 8, 9, 11}, FILL_NORMAL, true);
    value y = conv_bn_relu(t, x, "conv1", 16, 2);
    y = conv_bn(t, y, "conv2", (ir_conv){.out = 16, .kernel = 3, .pad = 1});
    value shortcut = conv_bn(t, x, "conv3", (ir_conv){.out = 16, .kernel = 1, .stride = 2});
    reftest_seed(t, reftest_relu(t, reftest_add(t, y, shortcut)));
}

static void first_layer(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 1, 16, 15}, FILL_NORMAL, false);
    value y = conv_bn_relu(t, x, "conv", 8, 2);
    reftest_seed(t, reftest_max_pool(t, y, 3, 2, 1));
}

static void odd_concat(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 3, 8, 9}, FILL_NORMAL, true);
    value a = pointwise(t, x, "a", 5), b = pointwise(t, x, "b", 1);
    value y = reftest_concat(t, 4, (value[]){a, x, b, a});
    reftest_seed(t, conv_bn_relu(t, y, "conv", 9, 1));
}

/* ACM's asymmetric fusion: 2 x sigmoid(...) per channel from above, per pixel from below. Batch
 * norm on planes of one pixel, so the batch is large. */
static void asymmetric_fusion(reftest *t)
{
    ir_shape s = {12, 16, 5, 7};
    value high = reftest_input(t, s, FILL_NORMAL, true),
          low = reftest_input(t, s, FILL_NORMAL, true);
    value down = reftest_global_avg_pool(t, high);
    down = reftest_relu(t, conv_bn(t, down, "down1", (ir_conv){.out = 4, .kernel = 1}));
    down = reftest_sigmoid(t, conv_bn(t, down, "down2", (ir_conv){.out = 16, .kernel = 1}));
    value up = reftest_relu(t, conv_bn(t, low, "up1", (ir_conv){.out = 4, .kernel = 1}));
    up = reftest_sigmoid(t, conv_bn(t, up, "up2", (ir_conv){.out = 16, .kernel = 1}));
    value a = reftest_mul(t, low, down, 2), b = reftest_mul(t, high, up, 2);
    reftest_seed(t, conv_bn_relu(t, reftest_add(t, a, b), "post", 16, 1));
}

static void channel_attention(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 24, 7, 6}, FILL_NORMAL, true);
    value a = pointwise(t, reftest_global_avg_pool(t, x), "a1", 3);
    value b = pointwise(t, reftest_global_max_pool(t, x), "b1", 3);
    a = pointwise(t, reftest_relu(t, a), "a2", 24);
    b = pointwise(t, reftest_relu(t, b), "b2", 24);
    reftest_seed(t, reftest_mul(t, x, reftest_sigmoid(t, reftest_add(t, a, b)), 1));
}

/* As above with one pair of convolutions for both: their gradients are sums over the two uses. */
static void shared_weights(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 24, 7, 6}, FILL_NORMAL, true);
    value a = pointwise(t, reftest_global_avg_pool(t, x), "fc1", 3);
    value b = pointwise(t, reftest_global_max_pool(t, x), "fc1", 3);
    a = pointwise(t, reftest_relu(t, a), "fc2", 24);
    b = pointwise(t, reftest_relu(t, b), "fc2", 24);
    reftest_seed(t, reftest_mul(t, x, reftest_sigmoid(t, reftest_add(t, a, b)), 1));
}

static void spatial_attention(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 17, 9, 10}, FILL_NORMAL, true);
    value y =
        reftest_concat(t, 2, (value[]){reftest_channel_mean(t, x), reftest_channel_max(t, x)});
    y = reftest_conv2d(t, y, "conv", (ir_conv){.out = 1, .kernel = 7, .pad = 3});
    reftest_seed(t, reftest_relu(t, reftest_mul(t, x, reftest_sigmoid(t, y), 1)));
}

/* ISNet's two-orientation attention: columns and rows deformed by offsets of the map's own. */
static void deformable_attention(reftest *t)
{
    value low = reftest_input(t, (ir_shape){2, 9, 8, 7}, FILL_NORMAL, true);
    value high = reftest_input(t, (ir_shape){2, 9, 8, 7}, FILL_NORMAL, true), sum = low;
    for (int i = 0; i < 2; i++) {
        ir_deform offsets = {.out = 6, .kernel_h = i ? 1 : 3, .kernel_w = i ? 3 : 1}, d = offsets;
        value o = reftest_deform_conv2d(t, low, NULL, i ? "row.offset" : "column.offset", offsets);
        d.out = 9;
        value y = reftest_deform_conv2d(t, low, &o, i ? "row" : "column", d);
        sum = reftest_add(t, sum, reftest_mul(t, reftest_sigmoid(t, y), high, 1));
    }
    reftest_seed(t, sum);
}

static void u_net(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 1, 16, 12}, FILL_NORMAL, false);
    value a = conv_bn_relu(t, x, "a", 8, 1);
    value b = conv_bn_relu(t, reftest_max_pool(t, a, 2, 2, 0), "b", 16, 1);
    value c = conv_bn_relu(t, reftest_max_pool(t, b, 2, 2, 0), "c", 12, 1);
    c = reftest_concat(t, 2, (value[]){b, reftest_resize(t, c, 8, 6, true)});
    b = conv_bn_relu(t, c, "d", 8, 1);
    b = reftest_concat(t, 2, (value[]){a, reftest_resize(t, b, 16, 12, false)});
    ir_conv head = {.out = 1, .kernel = 1, .bias = true};
    reftest_seed(t, reftest_sigmoid(t, reftest_conv2d(t, b, "head", head)));
}

static void transposed_decoder(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 16, 4, 5}, FILL_NORMAL, true);
    value y =
        reftest_conv_transpose2d(t, x, "up", (ir_conv){8, .kernel = 4, .stride = 2, .pad = 1});
    y = reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1));
    reftest_seed(
        t, conv_bn_relu(t, reftest_concat(t, 2, (value[]){y, reftest_resize(t, x, 8, 10, true)}),
                        "conv", 9, 1));
}

/* SFIM: real and imaginary part of the spectrum, each through its own convolutions, and back. */
static value spectral_branch(reftest *t, value part, const char *depthwise, const char *point)
{
    int c = part.ref->shape.c;
    ir_conv dw = {.out = c, .kernel = 3, .pad = 1, .depthwise = true};
    return pointwise(t, reftest_relu(t, reftest_conv2d(t, part, depthwise, dw)), point, c);
}

static void spectral_block(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 6, 8, 9}, FILL_NORMAL, true);
    value spectrum = reftest_rfft2(t, x);
    value re = spectral_branch(t, reftest_slice(t, spectrum, 0, 6), "re1", "re2");
    value im = spectral_branch(t, reftest_slice(t, spectrum, 6, 6), "im1", "im2");
    value y = reftest_irfft2(t, reftest_concat(t, 2, (value[]){re, im}), 9);
    reftest_seed(t, reftest_relu(t, reftest_add(t, x, conv_bn_relu(t, y, "conv", 6, 1))));
}

static void strategy_net(reftest *t)
{
    value x = reftest_input(t, (ir_shape){4, 1, 32, 32}, FILL_NORMAL, false);
    x = conv_bn_relu(t, x, "conv1", 16, 2);
    x = conv_bn_relu(t, x, "conv2", 24, 2);
    x = conv_bn_relu(t, x, "conv3", 32, 2);
    reftest_seed(
        t, reftest_log_softmax(t, reftest_linear(t, reftest_global_avg_pool(t, x), "fc", 30)));
}

/* Two heads, each with its loss; the reward is read of one. */
static void deep_supervision(reftest *t)
{
    value x = reftest_input(t, (ir_shape){4, 8, 8, 8}, FILL_NORMAL, true);
    value mask = reftest_input(t, (ir_shape){4, 1, 8, 8}, FILL_MASK, false);
    value a = pointwise(t, x, "head1", 1);
    value b =
        reftest_conv2d(t, reftest_relu(t, x), "head2", (ir_conv){.out = 1, .kernel = 3, .pad = 1});
    a = reftest_sigmoid(t, a);
    b = reftest_sigmoid(t, b);
    reftest_keep(t, b);
    reftest_keep(t, reftest_soft_iou(t, b, mask, 1));
    reftest_seed(t, reftest_scale(t,
                                  reftest_add(t, reftest_soft_iou(t, a, mask, 2),
                                              reftest_soft_iou(t, b, mask, 2)),
                                  0.5));
}

static void two_dropouts(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 13, 7, 7}, FILL_NORMAL, true);
    value y = reftest_dropout(t, reftest_relu(t, pointwise(t, x, "conv", 9)), 0.2);
    value z = reftest_dropout(t, y, 0.4);
    reftest_seed(t, reftest_add(t, y, z));
}

static void many_consumers(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 8, 8, 8}, FILL_NORMAL, true);
    value y = conv_bn_relu(t, x, "conv", 16, 1);
    value z = reftest_add(t, y, reftest_sigmoid(t, y)), mean = reftest_channel_mean(t, y);
    z = reftest_mul(t, z, reftest_global_max_pool(t, y), 1);
    z = reftest_mul(t, reftest_add(t, z, mean), mean, 1);
    value low = reftest_avg_pool(t, y, 2, 2), high = reftest_resize(t, low, 16, 16, true);
    z = reftest_add(t, reftest_resize(t, low, 8, 8, false), z);
    z = reftest_add(t, z, reftest_avg_pool(t, high, 2, 2));
    reftest_keep(t, y);
    reftest_seed(t, reftest_concat(t, 3, (value[]){y, z, reftest_slice(t, y, 3, 7)}));
}

/* What backward does not reach has the gradient 0, and adds nothing, whether it comes before or
 * behind what backward does reach. */
static void branches_without_gradient(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 8, 8, 8}, FILL_NORMAL, true);
    value y = pointwise(t, x, "conv", 9);
    reftest_keep(t, conv_bn_relu(t, y, "before", 5, 1));
    reftest_seed(t, reftest_sigmoid(t, y));
    reftest_keep(t, conv_bn_relu(t, y, "behind", 5, 1));
}

/* Neither a loss's truth has a gradient nor what makes it. */
static void truth_without_gradient(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 8, 8, 8}, FILL_NORMAL, true);
    value z = pointwise(t, x, "logit", 1), y = reftest_sigmoid(t, pointwise(t, x, "truth", 1));
    reftest_seed(t, reftest_soft_iou(t, reftest_sigmoid(t, z), y, 1));
    reftest_seed(t, reftest_bce(t, z, y, 2));
}

/* A loss on edges: the truth is the gradient magnitude of a mask. */
static void gradient_magnitude(reftest *t)
{
    static const ir_shape masks[] = {{2, 1, 9, 7}, {1, 1, 1, 1}, {1, 1, 1, 5},
                                     {3, 1, 6, 1}, {1, 1, 2, 2}, {1, 1, 131, 130}};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        value mask = reftest_input(t, masks[i], i % 2 ? FILL_NORMAL : FILL_MASK, false);
        value edges = reftest_gradient_magnitude(t, mask);
        reftest_keep(t, edges);
        reftest_seed(
            t, reftest_bce(t, reftest_input(t, masks[i], FILL_NORMAL, true), edges, masks[i].n));
    }
}

/* Channels that fill no block: what lies in the rest of it (a sigmoid makes 1/2 of 0 there, a
 * mean's gradient goes everywhere) must not be counted. */
static void padding_in_forward(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 13, 6, 5}, FILL_UNIT, true),
          half = reftest_sigmoid(t, x);
    reftest_seed(t, reftest_channel_max(t, reftest_scale(t, x, -1)));
    reftest_seed(t, reftest_channel_max(t, reftest_scale(t, half, -1)));
    reftest_seed(t, reftest_channel_mean(t, half));
    reftest_seed(t, pointwise(t, half, "conv", 5));
    value pooled = reftest_sigmoid(t, reftest_global_avg_pool(t, half));
    reftest_seed(t, reftest_linear(t, pooled, "fc", 9));
    reftest_seed(t, reftest_log_softmax(t, reftest_scale(t, pooled, -1)));
    reftest_seed(t, reftest_concat(t, 2, (value[]){half, x}));
}

static void padding_in_backward(reftest *t)
{
    ir_shape shape = {2, 13, 6, 5}, per_pixel = {2, 1, 6, 5}, per_image = {2, 1, 1, 1};
    value x = reftest_input(t, shape, FILL_NORMAL, true);
    value pixel = reftest_input(t, per_pixel, FILL_NORMAL, true);
    value image = reftest_input(t, per_image, FILL_NORMAL, true);
    value half = reftest_sigmoid(t, x);
    reftest_seed(t, reftest_channel_mean(t, reftest_add(t, half, pixel)));
    reftest_seed(t, reftest_channel_mean(t, reftest_add(t, half, image)));
    reftest_seed(t, reftest_channel_mean(t, reftest_mul(t, half, pixel, 1)));
    reftest_seed(t, reftest_channel_mean(t, reftest_mul(t, half, image, 1)));
    value y = pointwise(t, half, "conv", 9);
    reftest_seed(t, reftest_channel_mean(t, reftest_batchnorm(t, y, "bn", 0.1)));
    value pooled = reftest_global_avg_pool(t, half);
    reftest_seed(t, reftest_channel_mean(t, reftest_linear(t, pooled, "fc", 9)));
    reftest_seed(t, reftest_channel_mean(t, reftest_log_softmax(t, pooled)));
}

const chain_case network_chains[] = {
    {"residual_block", residual_block},
    {"residual_block_down", residual_block_down},
    {"first_layer", first_layer},
    {"odd_concat", odd_concat},
    {"asymmetric_fusion", asymmetric_fusion},
    {"channel_attention", channel_attention},
    {"shared_weights", shared_weights},
    {"spatial_attention", spatial_attention},
    {"deformable_attention", deformable_attention},
    {"u_net", u_net},
    {"transposed_decoder", transposed_decoder},
    {"spectral_block", spectral_block},
    {"strategy_net", strategy_net},
    {"deep_supervision", deep_supervision},
    {"two_dropouts", two_dropouts},
    {"many_consumers", many_consumers},
    {"padding_in_forward", padding_in_forward},
    {"padding_in_backward", padding_in_backward},
    {"branches_without_gradient", branches_without_gradient},
    {"truth_without_gradient", truth_without_gradient},
    {"gradient_magnitude", gradient_magnitude},
};
const int network_chain_count = sizeof network_chains / sizeof network_chains[0];
