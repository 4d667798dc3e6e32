/* Neighbours that a planner may make one operation of, and those that look like it but must not be.
 */
#include "cases.h"

static const ir_conv conv3 = {.out = 13, .kernel = 3, .pad = 1};

/* Small, or so large that threads share the work. */
static value image(reftest *t)
{
    ir_shape shape = t->setup.large ? (ir_shape){1, 9, 32, 33} : (ir_shape){2, 9, 11, 8};
    return reftest_input(t, shape, FILL_NORMAL, true);
}

/* ---- convolution, batch norm, activation ------------------------------------------------- */

static void conv_bn_relu(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void conv_bn(reftest *t)
{
    reftest_seed(t, reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1));
}

/* The bias has no gradient where batch norm takes the mean away, so only detection has one here. */
static void conv_bias_bn_leaky_relu(reftest *t)
{
    ir_conv c = conv3;
    c.bias = t->setup.mode == IR_DETECTION;
    value y = reftest_conv2d(t, image(t), "conv", c);
    reftest_seed(t, reftest_leaky_relu(t, reftest_batchnorm(t, y, "bn", 0.1), 0.1));
}

static void conv_relu(reftest *t)
{
    reftest_seed(t, reftest_relu(t, reftest_conv2d(t, image(t), "conv", conv3)));
}

static void conv_bias_leaky_relu(reftest *t)
{
    ir_conv c = conv3;
    c.bias = true;
    reftest_seed(t, reftest_leaky_relu(t, reftest_conv2d(t, image(t), "conv", c), 0.2));
}

static void one_channel_conv_bn_relu(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 1, 9, 7}, FILL_NORMAL, true);
    value y = reftest_conv2d(t, x, "conv", (ir_conv){.out = 1, .kernel = 3, .pad = 1});
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void transposed_bn_relu(reftest *t)
{
    ir_conv c = {.out = 7, .kernel = 4, .stride = 2, .pad = 1};
    value y = reftest_conv_transpose2d(t, image(t), "up", c);
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void transposed_bias_relu(reftest *t)
{
    ir_conv c = {.out = 17, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
    reftest_seed(t, reftest_relu(t, reftest_conv_transpose2d(t, image(t), "up", c)));
}

static void depthwise_bn_relu(reftest *t)
{
    ir_conv c = {.out = 9, .kernel = 3, .pad = 1, .depthwise = true};
    value y = reftest_conv2d(t, image(t), "conv", c);
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void depthwise_bias_relu(reftest *t)
{
    ir_conv c = {.out = 9, .kernel = 3, .pad = 1, .depthwise = true, .bias = true};
    reftest_seed(t, reftest_relu(t, reftest_conv2d(t, image(t), "conv", c)));
}

/* whose gradient is added to what is there */
static void depthwise_residual(reftest *t)
{
    ir_conv c = {.out = 9, .kernel = 3, .pad = 1, .depthwise = true};
    value x = image(t);
    reftest_seed(t, reftest_relu(t, reftest_add(t, x, reftest_conv2d(t, x, "conv", c))));
}

static void dilated_bn_relu(reftest *t)
{
    ir_conv c = {.out = 16, .kernel = 3, .pad = 2, .dilation = 2};
    value y = reftest_conv2d(t, image(t), "conv", c);
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void conv_bn_dropout_relu(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1);
    reftest_seed(t, reftest_relu(t, reftest_dropout(t, y, 0.3)));
}

/* ---- the same with a value in between that somebody else wants --------------------------- */

static void kept_conv_bn_relu(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    reftest_keep(t, y);
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void conv_kept_bn_relu(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1);
    reftest_keep(t, y);
    reftest_seed(t, reftest_relu(t, y));
}

static void kept_conv_relu(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    reftest_keep(t, y);
    reftest_seed(t, reftest_relu(t, y));
}

static void seeded_bn_relu(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1);
    reftest_seed_only(t, y);
    reftest_seed(t, reftest_relu(t, y));
}

static void seeded_add_relu(reftest *t)
{
    value x = image(t), y = reftest_add(t, x, reftest_scale(t, x, -0.3));
    reftest_seed_only(t, y);
    reftest_seed(t, reftest_leaky_relu(t, y, 0.1));
}

static void conv_for_bn_and_add(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    reftest_seed(t, reftest_add(t, y, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1))));
}

/* Batch norm takes the mean of y away, the sum does not. */
static void conv_bias_for_bn_and_add(reftest *t)
{
    ir_conv c = conv3;
    c.bias = true;
    value y = reftest_conv2d(t, image(t), "conv", c);
    reftest_seed(t, reftest_add(t, y, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void seeded_conv_bias_bn(reftest *t)
{
    ir_conv c = conv3;
    c.bias = true;
    value y = reftest_conv2d(t, image(t), "conv", c);
    reftest_seed_only(t, y);
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void conv_for_two_bn(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    value a = reftest_relu(t, reftest_batchnorm(t, y, "bn1", 0.1));
    reftest_seed(t, reftest_mul(t, a, reftest_batchnorm(t, y, "bn2", 0.1), 1));
}

static void bn_for_relu_and_sigmoid(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1);
    value a = reftest_relu(t, y);
    reftest_seed(t, reftest_mul(t, a, reftest_sigmoid(t, y), 1));
}

static void bn_for_two_relus(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1);
    value a = reftest_relu(t, y);
    reftest_seed(t, reftest_add(t, a, reftest_leaky_relu(t, y, 0.1)));
}

static void relu_for_two(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv1", conv3), "bn", 0.1);
    value a = reftest_relu(t, y);
    value b = reftest_conv2d(t, a, "conv2", (ir_conv){.out = 13, .kernel = 1});
    reftest_seed(t, reftest_mul(t, a, b, 1));
}

/* ---- other orders ------------------------------------------------------------------------ */

static void bn_of_input(reftest *t)
{
    reftest_seed(t, reftest_batchnorm(t, image(t), "bn", 0.1));
}

static void bn_relu_of_input(reftest *t)
{
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, image(t), "bn", 0.1)));
}

static void conv_bn_bn_relu(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    y = reftest_batchnorm(t, reftest_leaky_relu(t, reftest_batchnorm(t, y, "bn1", 0.1), 0.5), "bn2",
                          0.9);
    reftest_seed(t, reftest_relu(t, y));
}

static void conv_two_bn_in_a_row(reftest *t)
{
    value y = reftest_scale(t, reftest_conv2d(t, image(t), "conv", conv3), 2);
    if (t->setup.mode == IR_DETECTION)
        y = reftest_batchnorm(t, y, "bn1", 0.1);
    reftest_seed(t, reftest_batchnorm(t, y, "bn2", 0.1));
}

static void conv_bn_directly_bn(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn1", 0.1);
    if (t->setup.mode == IR_DETECTION)
        y = reftest_relu(t, reftest_batchnorm(t, y, "bn2", 0.1));
    reftest_seed(t, y);
}

static void conv_relu_bn(reftest *t)
{
    value y = reftest_relu(t, reftest_conv2d(t, image(t), "conv", conv3));
    reftest_seed(t, reftest_batchnorm(t, y, "bn", 0.1));
}

static void conv_bn_relu_leaky_relu(reftest *t)
{
    value y = reftest_batchnorm(t, reftest_conv2d(t, image(t), "conv", conv3), "bn", 0.1);
    reftest_seed(t, reftest_leaky_relu(t, reftest_leaky_relu(t, y, 0.5), 0.1));
}

static void conv_bn_sigmoid(reftest *t)
{
    value y = reftest_conv2d(t, image(t), "conv", conv3);
    reftest_seed(t, reftest_sigmoid(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

static void concat_bn_relu(reftest *t)
{
    value x = image(t), y = reftest_conv2d(t, x, "conv", conv3);
    y = reftest_concat(t, 2, (value[]){x, y});
    reftest_seed(t, reftest_relu(t, reftest_batchnorm(t, y, "bn", 0.1)));
}

/* ---- sums and their activation ----------------------------------------------------------- */

static void add_relu(reftest *t)
{
    value a = image(t);
    reftest_seed(t, reftest_relu(t, reftest_add(t, a, image(t))));
}

static void kept_add_relu(reftest *t)
{
    value a = image(t), y = reftest_add(t, a, image(t));
    reftest_keep(t, y);
    reftest_seed(t, reftest_relu(t, y));
}

static void add_for_relu_and_scale(reftest *t)
{
    value a = image(t), y = reftest_add(t, a, image(t));
    value b = reftest_relu(t, y);
    reftest_seed(t, reftest_mul(t, b, reftest_scale(t, y, 0.5), 1));
}

static void broadcast_add_leaky_relu(reftest *t)
{
    value a = image(t), y = reftest_add(t, a, reftest_global_avg_pool(t, a));
    y = reftest_add(t, reftest_leaky_relu(t, y, 0.2), reftest_channel_mean(t, a));
    reftest_seed(t, reftest_relu(t, y));
}

static void add_itself_relu(reftest *t)
{
    value a = image(t);
    reftest_seed(t, reftest_relu(t, reftest_add(t, a, a)));
}

/* The activation behind a sum that is itself the first, then the second operand of a sum. */
static void sums_of_sums(reftest *t)
{
    value a = image(t), b = image(t);
    value y = reftest_relu(t, reftest_add(t, reftest_relu(t, reftest_add(t, a, b)), b));
    reftest_seed(t, reftest_leaky_relu(t, reftest_add(t, a, y), 0.1));
}

static void relu_of_input_twice(reftest *t)
{
    value x = image(t);
    reftest_seed(t, reftest_relu(t, x));
    reftest_seed(t, reftest_leaky_relu(t, x, 0.3));
}

const chain_case fusion_chains[] = {
    {"conv_bn_relu", conv_bn_relu},
    {"conv_bn", conv_bn},
    {"conv_bias_bn_leaky_relu", conv_bias_bn_leaky_relu},
    {"conv_relu", conv_relu},
    {"conv_bias_leaky_relu", conv_bias_leaky_relu},
    {"one_channel_conv_bn_relu", one_channel_conv_bn_relu},
    {"transposed_bn_relu", transposed_bn_relu},
    {"transposed_bias_relu", transposed_bias_relu},
    {"depthwise_bn_relu", depthwise_bn_relu},
    {"depthwise_bias_relu", depthwise_bias_relu},
    {"depthwise_residual", depthwise_residual},
    {"dilated_bn_relu", dilated_bn_relu},
    {"conv_bn_dropout_relu", conv_bn_dropout_relu},
    {"kept_conv_bn_relu", kept_conv_bn_relu},
    {"conv_kept_bn_relu", conv_kept_bn_relu},
    {"kept_conv_relu", kept_conv_relu},
    {"seeded_bn_relu", seeded_bn_relu},
    {"seeded_add_relu", seeded_add_relu},
    {"conv_for_bn_and_add", conv_for_bn_and_add},
    {"conv_bias_for_bn_and_add", conv_bias_for_bn_and_add},
    {"seeded_conv_bias_bn", seeded_conv_bias_bn},
    {"conv_for_two_bn", conv_for_two_bn},
    {"bn_for_relu_and_sigmoid", bn_for_relu_and_sigmoid},
    {"bn_for_two_relus", bn_for_two_relus},
    {"relu_for_two", relu_for_two},
    {"bn_of_input", bn_of_input},
    {"bn_relu_of_input", bn_relu_of_input},
    {"conv_bn_bn_relu", conv_bn_bn_relu},
    {"conv_two_bn_in_a_row", conv_two_bn_in_a_row},
    {"conv_bn_directly_bn", conv_bn_directly_bn},
    {"conv_relu_bn", conv_relu_bn},
    {"conv_bn_relu_leaky_relu", conv_bn_relu_leaky_relu},
    {"conv_bn_sigmoid", conv_bn_sigmoid},
    {"concat_bn_relu", concat_bn_relu},
    {"add_relu", add_relu},
    {"kept_add_relu", kept_add_relu},
    {"add_for_relu_and_scale", add_for_relu_and_scale},
    {"broadcast_add_leaky_relu", broadcast_add_leaky_relu},
    {"add_itself_relu", add_itself_relu},
    {"sums_of_sums", sums_of_sums},
    {"relu_of_input_twice", relu_of_input_twice},
};
const int fusion_chain_count = sizeof fusion_chains / sizeof fusion_chains[0];
