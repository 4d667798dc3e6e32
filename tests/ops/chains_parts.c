/* What a planner may make a part of what reads it: products of a sum, resized parts of a
 * concatenation; and those that look like it but must not be. */
#include "cases.h"

/* Small, or so large that threads share the work. */
static value image(reftest *t)
{
    ir_shape shape = t->setup.large ? (ir_shape){1, 9, 32, 33} : (ir_shape){2, 9, 11, 8};
    return reftest_input(t, shape, FILL_NORMAL, true);
}

/* ---- sums of products ---------------------------------------------------------------------- */

/* A factor for each channel, pixel or image of x. */
static value channels(reftest *t, value x)
{
    return reftest_sigmoid(t, reftest_global_avg_pool(t, x));
}

static value pixels(reftest *t, value x)
{
    return reftest_sigmoid(t, reftest_channel_mean(t, x));
}

static value images(reftest *t, value x)
{
    return reftest_channel_mean(t, channels(t, x));
}

static value product(reftest *t, value a, value b)
{
    return reftest_mul(t, a, b, -0.7);
}

static void pixels_and_shortcut_relu(reftest *t)
{
    value x = image(t), y = product(t, x, channels(t, x));
    reftest_seed(t, reftest_relu(t, reftest_add(t, product(t, y, pixels(t, y)), x)));
}

static void channels_and_all(reftest *t)
{
    value a = image(t), b = image(t);
    reftest_seed(
        t, reftest_add(t, product(t, a, channels(t, b)), product(t, b, reftest_sigmoid(t, a))));
}

static void pixels_twice(reftest *t)
{
    value a = image(t), b = image(t);
    value y = reftest_add(t, product(t, a, pixels(t, b)), product(t, b, pixels(t, a)));
    reftest_seed(t, reftest_leaky_relu(t, y, 0.1));
}

static void channels_and_pixels(reftest *t)
{
    value a = image(t), b = image(t);
    reftest_seed(t, reftest_add(t, product(t, a, pixels(t, b)), product(t, b, channels(t, a))));
}

static void images_second(reftest *t)
{
    value a = image(t), b = image(t);
    reftest_seed(t, reftest_relu(t, reftest_add(t, a, product(t, b, images(t, a)))));
}

static void the_same_factor(reftest *t)
{
    value a = image(t), b = image(t), w = pixels(t, a), v = channels(t, b);
    value y = reftest_add(t, product(t, a, w), product(t, b, w));
    reftest_seed(t, reftest_add(t, product(t, a, v), product(t, y, v)));
}

static void itself_and_its_product(reftest *t)
{
    value x = image(t), w = pixels(t, image(t));
    x = reftest_add(t, x, product(t, x, w));
    x = reftest_add(t, product(t, x, channels(t, x)), x);
    reftest_seed(t, reftest_add(t, x, product(t, x, x)));
}

static void product_and_smaller(reftest *t)
{
    value a = image(t), b = image(t);
    value y = reftest_add(t, product(t, a, pixels(t, b)), channels(t, b));
    reftest_seed(t, reftest_relu(t, reftest_add(t, product(t, y, b), pixels(t, a))));
}

static void multiples(reftest *t)
{
    value a = image(t), b = image(t);
    value y =
        reftest_add(t, reftest_scale(t, a, 3), reftest_scale(t, product(t, b, pixels(t, a)), 0.5));
    y = reftest_add(t, y, product(t, reftest_scale(t, b, 2), a));
    reftest_seed(t, reftest_add(t, reftest_scale(t, reftest_scale(t, y, -1), 0.3), b));
}

static void product_of_product(reftest *t)
{
    value a = image(t), b = image(t);
    reftest_seed(t, reftest_add(t, product(t, product(t, a, pixels(t, b)), channels(t, b)), b));
}

static void product_twice(reftest *t)
{
    value a = image(t), y = product(t, a, pixels(t, a));
    reftest_seed(t, reftest_relu(t, reftest_add(t, y, y)));
}

static void kept_product(reftest *t)
{
    value a = image(t), y = product(t, a, pixels(t, a));
    reftest_keep(t, y);
    reftest_seed(t, reftest_relu(t, reftest_add(t, y, a)));
}

static void product_for_two(reftest *t)
{
    value a = image(t), y = product(t, a, pixels(t, a));
    value b = reftest_add(t, y, a);
    reftest_seed(t, reftest_add(t, b, reftest_sigmoid(t, y)));
}

/* ---- resized parts of a concatenation ------------------------------------------------------- */

/* So many channels, half as high and wide as image(). */
static value small(reftest *t, int channels)
{
    ir_shape shape =
        t->setup.large ? (ir_shape){1, channels, 16, 17} : (ir_shape){2, channels, 5, 4};
    return reftest_input(t, shape, FILL_NORMAL, true);
}

static value as_image(reftest *t, value x)
{
    return t->setup.large ? reftest_resize(t, x, 32, 33, true) : reftest_resize(t, x, 11, 8, false);
}

static value wide(reftest *t, int channels)
{
    return reftest_conv2d(t, image(t), "wide", (ir_conv){.out = channels, .kernel = 1});
}

static void resized_between(reftest *t)
{
    value x[] = {wide(t, 16), as_image(t, small(t, 32)), image(t)};
    reftest_seed(t, reftest_relu(t, reftest_concat(t, 3, x)));
}

static void resized_first_and_last(reftest *t)
{
    value x[] = {as_image(t, small(t, 16)), wide(t, 48), as_image(t, small(t, 16))};
    reftest_seed(t, reftest_concat(t, 3, x));
}

static void resized_alone(reftest *t)
{
    value x[] = {as_image(t, small(t, 16)), as_image(t, small(t, 16))};
    reftest_seed(t, reftest_batchnorm(t, reftest_concat(t, 2, x), "bn", 0.1));
}

/* Channels that do not begin or end where a block of them does. */
static void resized_across_blocks(reftest *t)
{
    value x[] = {image(t), as_image(t, small(t, 16)), as_image(t, small(t, 3)),
                 as_image(t, small(t, 1))};
    reftest_seed(t, reftest_concat(t, 4, x));
}

static void resized_much(reftest *t)
{
    value x = reftest_input(t, (ir_shape){2, 16, 3, 2}, FILL_NORMAL, true);
    value whole = reftest_input(t, (ir_shape){2, 16, 24, 26}, FILL_NORMAL, true);
    value y[] = {whole, reftest_resize(t, x, 24, 26, true),
                 reftest_resize(t, whole, 24, 26, false)};
    reftest_seed(t, reftest_concat(t, 3, y));
}

static void resized_of_one(reftest *t)
{
    value x = reftest_relu(t, small(t, 16));
    value y[] = {as_image(t, x), as_image(t, reftest_sigmoid(t, x)), as_image(t, x)};
    reftest_seed(t, reftest_concat(t, 3, y));
}

static void kept_resized(reftest *t)
{
    value x[] = {as_image(t, small(t, 16)), as_image(t, small(t, 16))};
    reftest_keep(t, x[1]);
    reftest_seed(t, reftest_concat(t, 2, x));
}

static void resized_for_two(reftest *t)
{
    value x[] = {as_image(t, small(t, 16)), wide(t, 16)};
    value y = reftest_concat(t, 2, x);
    reftest_seed(t, reftest_add(t, reftest_slice(t, y, 16, 16), x[0]));
}

static void resized_twice(reftest *t)
{
    value x = as_image(t, small(t, 16)), y[] = {x, x};
    reftest_seed(t, reftest_concat(t, 2, y));
}

const chain_case part_chains[] = {
    {"pixels_and_shortcut_relu", pixels_and_shortcut_relu},
    {"channels_and_all", channels_and_all},
    {"pixels_twice", pixels_twice},
    {"channels_and_pixels", channels_and_pixels},
    {"images_second", images_second},
    {"the_same_factor", the_same_factor},
    {"itself_and_its_product", itself_and_its_product},
    {"product_and_smaller", product_and_smaller},
    {"multiples", multiples},
    {"product_of_product", product_of_product},
    {"product_twice", product_twice},
    {"kept_product", kept_product},
    {"product_for_two", product_for_two},
    {"resized_between", resized_between},
    {"resized_first_and_last", resized_first_and_last},
    {"resized_alone", resized_alone},
    {"resized_across_blocks", resized_across_blocks},
    {"resized_much", resized_much},
    {"resized_of_one", resized_of_one},
    {"kept_resized", kept_resized},
    {"resized_for_two", resized_for_two},
    {"resized_twice", resized_twice},
};
const int part_chain_count = sizeof part_chains / sizeof part_chains[0];
