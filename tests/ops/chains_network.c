/* The building blocks of networks: residual blocks, attention, U-nets, spectra, several heads. */
#include <stdio.h>

#include "cases.h"

static value conv_bn(twin *t, value x, const char *name, ir_conv c)
{
    char bn[32];
    snprintf(bn, sizeof bn, "%s_bn", name);
    return twin_batchnorm(t, twin_conv2d(t, x, name, c), bn, 0.1);
}

static value conv_bn_relu(twin *t, value x, const char *name, int out, int stride)
{
    ir_conv c = {.out = out, .kernel = 3, .stride = stride, .pad = 1};
    return twin_relu(t, conv_bn(t, x, name, c));
}

static value pointwise(twin *t, value x, const char *name, int out)
{
    return twin_conv2d(t, x, name, (ir_conv){.out = out, .kernel = 1});
}

static void residual_block(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 12, 9, 8}, FILL_NORMAL, true);
    value y = conv_bn_relu(t, x, "conv1", 12, 1);
    y = conv_bn(t, y, "conv2", (ir_conv){.out = 12, .kernel = 3, .pad = 1});
    twin_seed(t, twin_relu(t, twin_add(t, y, x)));
}

static void residual_block_down(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 8, 9, 11}, FILL_NORMAL, true);
    value y = conv_bn_relu(t, x, "conv1", 16, 2);
    y = conv_bn(t, y, "conv2", (ir_conv){.out = 16, .kernel = 3, .pad = 1});
    value shortcut = conv_bn(t, x, "conv3", (ir_conv){.out = 16, .kernel = 1, .stride = 2});
    twin_seed(t, twin_relu(t, twin_add(t, y, shortcut)));
}

static void first_layer(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 1, 16, 15}, FILL_NORMAL, false);
    value y = conv_bn_relu(t, x, "conv", 8, 2);
    twin_seed(t, twin_max_pool(t, y, 3, 2, 1));
}

static void odd_concat(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 3, 8, 9}, FILL_NORMAL, true);
    value a = pointwise(t, x, "a", 5), b = pointwise(t, x, "b", 1);
    value y = twin_concat(t, 4, (value[]){a, x, b, a});
    twin_seed(t, conv_bn_relu(t, y, "conv", 9, 1));
}

/* ACM's asymmetric fusion: 2 x sigmoid(...) per channel from above, per pixel from below. Batch
 * norm on planes of one pixel, so the batch is large. */
static void asymmetric_fusion(twin *t)
{
    ir_shape s = {12, 16, 5, 7};
    value high = twin_input(t, s, FILL_NORMAL, true), low = twin_input(t, s, FILL_NORMAL, true);
    value down = twin_global_avg_pool(t, high);
    down = twin_relu(t, conv_bn(t, down, "down1", (ir_conv){.out = 4, .kernel = 1}));
    down = twin_sigmoid(t, conv_bn(t, down, "down2", (ir_conv){.out = 16, .kernel = 1}));
    value up = twin_relu(t, conv_bn(t, low, "up1", (ir_conv){.out = 4, .kernel = 1}));
    up = twin_sigmoid(t, conv_bn(t, up, "up2", (ir_conv){.out = 16, .kernel = 1}));
    value a = twin_mul(t, low, down, 2), b = twin_mul(t, high, up, 2);
    twin_seed(t, conv_bn_relu(t, twin_add(t, a, b), "post", 16, 1));
}

static void channel_attention(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 24, 7, 6}, FILL_NORMAL, true);
    value a = pointwise(t, twin_global_avg_pool(t, x), "a1", 3);
    value b = pointwise(t, twin_global_max_pool(t, x), "b1", 3);
    a = pointwise(t, twin_relu(t, a), "a2", 24);
    b = pointwise(t, twin_relu(t, b), "b2", 24);
    twin_seed(t, twin_mul(t, x, twin_sigmoid(t, twin_add(t, a, b)), 1));
}

/* As above with one pair of convolutions for both: their gradients are sums over the two uses. */
static void shared_weights(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 24, 7, 6}, FILL_NORMAL, true);
    value a = pointwise(t, twin_global_avg_pool(t, x), "fc1", 3);
    value b = pointwise(t, twin_global_max_pool(t, x), "fc1", 3);
    a = pointwise(t, twin_relu(t, a), "fc2", 24);
    b = pointwise(t, twin_relu(t, b), "fc2", 24);
    twin_seed(t, twin_mul(t, x, twin_sigmoid(t, twin_add(t, a, b)), 1));
}

static void spatial_attention(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 17, 9, 10}, FILL_NORMAL, true);
    value y = twin_concat(t, 2, (value[]){twin_channel_mean(t, x), twin_channel_max(t, x)});
    y = twin_conv2d(t, y, "conv", (ir_conv){.out = 1, .kernel = 7, .pad = 3});
    twin_seed(t, twin_relu(t, twin_mul(t, x, twin_sigmoid(t, y), 1)));
}

/* ISNet's two-orientation attention: columns and rows deformed by offsets of the map's own. */
static void deformable_attention(twin *t)
{
    value low = twin_input(t, (ir_shape){2, 9, 8, 7}, FILL_NORMAL, true);
    value high = twin_input(t, (ir_shape){2, 9, 8, 7}, FILL_NORMAL, true), sum = low;
    for (int i = 0; i < 2; i++) {
        ir_deform offsets = {.out = 6, .kernel_h = i ? 1 : 3, .kernel_w = i ? 3 : 1}, d = offsets;
        value o = twin_deform_conv2d(t, low, NULL, i ? "row.offset" : "column.offset", offsets);
        d.out = 9;
        value y = twin_deform_conv2d(t, low, &o, i ? "row" : "column", d);
        sum = twin_add(t, sum, twin_mul(t, twin_sigmoid(t, y), high, 1));
    }
    twin_seed(t, sum);
}

static void u_net(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 1, 16, 12}, FILL_NORMAL, false);
    value a = conv_bn_relu(t, x, "a", 8, 1);
    value b = conv_bn_relu(t, twin_max_pool(t, a, 2, 2, 0), "b", 16, 1);
    value c = conv_bn_relu(t, twin_max_pool(t, b, 2, 2, 0), "c", 12, 1);
    c = twin_concat(t, 2, (value[]){b, twin_resize(t, c, 8, 6, true)});
    b = conv_bn_relu(t, c, "d", 8, 1);
    b = twin_concat(t, 2, (value[]){a, twin_resize(t, b, 16, 12, false)});
    ir_conv head = {.out = 1, .kernel = 1, .bias = true};
    twin_seed(t, twin_sigmoid(t, twin_conv2d(t, b, "head", head)));
}

static void transposed_decoder(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 16, 4, 5}, FILL_NORMAL, true);
    value y = twin_conv_transpose2d(t, x, "up", (ir_conv){8, .kernel = 4, .stride = 2, .pad = 1});
    y = twin_relu(t, twin_batchnorm(t, y, "bn", 0.1));
    twin_seed(t, conv_bn_relu(t, twin_concat(t, 2, (value[]){y, twin_resize(t, x, 8, 10, true)}),
                              "conv", 9, 1));
}

/* SFIM: real and imaginary part of the spectrum, each through its own convolutions, and back. */
static value spectral_branch(twin *t, value part, const char *depthwise, const char *point)
{
    int c = part.ref->shape.c;
    ir_conv dw = {.out = c, .kernel = 3, .pad = 1, .depthwise = true};
    return pointwise(t, twin_relu(t, twin_conv2d(t, part, depthwise, dw)), point, c);
}

static void spectral_block(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 6, 8, 9}, FILL_NORMAL, true);
    value spectrum = twin_rfft2(t, x);
    value re = spectral_branch(t, twin_slice(t, spectrum, 0, 6), "re1", "re2");
    value im = spectral_branch(t, twin_slice(t, spectrum, 6, 6), "im1", "im2");
    value y = twin_irfft2(t, twin_concat(t, 2, (value[]){re, im}), 9);
    twin_seed(t, twin_relu(t, twin_add(t, x, conv_bn_relu(t, y, "conv", 6, 1))));
}

static void strategy_net(twin *t)
{
    value x = twin_input(t, (ir_shape){4, 1, 32, 32}, FILL_NORMAL, false);
    x = conv_bn_relu(t, x, "conv1", 16, 2);
    x = conv_bn_relu(t, x, "conv2", 24, 2);
    x = conv_bn_relu(t, x, "conv3", 32, 2);
    twin_seed(t, twin_log_softmax(t, twin_linear(t, twin_global_avg_pool(t, x), "fc", 30)));
}

/* Two heads, each with its loss; the reward is read of one. */
static void deep_supervision(twin *t)
{
    value x = twin_input(t, (ir_shape){4, 8, 8, 8}, FILL_NORMAL, true);
    value mask = twin_input(t, (ir_shape){4, 1, 8, 8}, FILL_MASK, false);
    value a = pointwise(t, x, "head1", 1);
    value b = twin_conv2d(t, twin_relu(t, x), "head2", (ir_conv){.out = 1, .kernel = 3, .pad = 1});
    a = twin_sigmoid(t, a);
    b = twin_sigmoid(t, b);
    twin_keep(t, b);
    twin_keep(t, twin_soft_iou(t, b, mask, 1));
    twin_seed(t,
              twin_scale(t, twin_add(t, twin_soft_iou(t, a, mask, 2), twin_soft_iou(t, b, mask, 2)),
                         0.5));
}

static void two_dropouts(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 13, 7, 7}, FILL_NORMAL, true);
    value y = twin_dropout(t, twin_relu(t, pointwise(t, x, "conv", 9)), 0.2);
    value z = twin_dropout(t, y, 0.4);
    twin_seed(t, twin_add(t, y, z));
}

static void many_consumers(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 8, 8, 8}, FILL_NORMAL, true);
    value y = conv_bn_relu(t, x, "conv", 16, 1);
    value z = twin_add(t, y, twin_sigmoid(t, y)), mean = twin_channel_mean(t, y);
    z = twin_mul(t, z, twin_global_max_pool(t, y), 1);
    z = twin_mul(t, twin_add(t, z, mean), mean, 1);
    value low = twin_avg_pool(t, y, 2, 2), high = twin_resize(t, low, 16, 16, true);
    z = twin_add(t, twin_resize(t, low, 8, 8, false), z);
    z = twin_add(t, z, twin_avg_pool(t, high, 2, 2));
    twin_keep(t, y);
    twin_seed(t, twin_concat(t, 3, (value[]){y, z, twin_slice(t, y, 3, 7)}));
}

/* What backward does not reach has the gradient 0, and adds nothing, whether it comes before or
 * behind what backward does reach. */
static void branches_without_gradient(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 8, 8, 8}, FILL_NORMAL, true);
    value y = pointwise(t, x, "conv", 9);
    twin_keep(t, conv_bn_relu(t, y, "before", 5, 1));
    twin_seed(t, twin_sigmoid(t, y));
    twin_keep(t, conv_bn_relu(t, y, "behind", 5, 1));
}

/* Neither a loss's truth has a gradient nor what makes it. */
static void truth_without_gradient(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 8, 8, 8}, FILL_NORMAL, true);
    value z = pointwise(t, x, "logit", 1), y = twin_sigmoid(t, pointwise(t, x, "truth", 1));
    twin_seed(t, twin_soft_iou(t, twin_sigmoid(t, z), y, 1));
    twin_seed(t, twin_bce(t, z, y, 2));
}

/* A loss on edges: the truth is the gradient magnitude of a mask. */
static void gradient_magnitude(twin *t)
{
    static const ir_shape masks[] = {{2, 1, 9, 7}, {1, 1, 1, 1}, {1, 1, 1, 5},
                                     {3, 1, 6, 1}, {1, 1, 2, 2}, {1, 1, 131, 130}};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        value mask = twin_input(t, masks[i], i % 2 ? FILL_NORMAL : FILL_MASK, false);
        value edges = twin_gradient_magnitude(t, mask);
        twin_keep(t, edges);
        twin_seed(t, twin_bce(t, twin_input(t, masks[i], FILL_NORMAL, true), edges, masks[i].n));
    }
}

/* Channels that fill no block: what lies in the rest of it (a sigmoid makes 1/2 of 0 there, a
 * mean's gradient goes everywhere) must not be counted. */
static void padding_in_forward(twin *t)
{
    value x = twin_input(t, (ir_shape){2, 13, 6, 5}, FILL_UNIT, true), half = twin_sigmoid(t, x);
    twin_seed(t, twin_channel_max(t, twin_scale(t, x, -1)));
    twin_seed(t, twin_channel_max(t, twin_scale(t, half, -1)));
    twin_seed(t, twin_channel_mean(t, half));
    twin_seed(t, pointwise(t, half, "conv", 5));
    value pooled = twin_sigmoid(t, twin_global_avg_pool(t, half));
    twin_seed(t, twin_linear(t, pooled, "fc", 9));
    twin_seed(t, twin_log_softmax(t, twin_scale(t, pooled, -1)));
    twin_seed(t, twin_concat(t, 2, (value[]){half, x}));
}

static void padding_in_backward(twin *t)
{
    ir_shape shape = {2, 13, 6, 5}, per_pixel = {2, 1, 6, 5}, per_image = {2, 1, 1, 1};
    value x = twin_input(t, shape, FILL_NORMAL, true);
    value pixel = twin_input(t, per_pixel, FILL_NORMAL, true);
    value image = twin_input(t, per_image, FILL_NORMAL, true);
    value half = twin_sigmoid(t, x);
    twin_seed(t, twin_channel_mean(t, twin_add(t, half, pixel)));
    twin_seed(t, twin_channel_mean(t, twin_add(t, half, image)));
    twin_seed(t, twin_channel_mean(t, twin_mul(t, half, pixel, 1)));
    twin_seed(t, twin_channel_mean(t, twin_mul(t, half, image, 1)));
    value y = pointwise(t, half, "conv", 9);
    twin_seed(t, twin_channel_mean(t, twin_batchnorm(t, y, "bn", 0.1)));
    value pooled = twin_global_avg_pool(t, half);
    twin_seed(t, twin_channel_mean(t, twin_linear(t, pooled, "fc", 9)));
    twin_seed(t, twin_channel_mean(t, twin_log_softmax(t, pooled)));
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
