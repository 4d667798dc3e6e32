/* Shapes for convolution, transposed convolution and the fully connected layer. */
#include "cases.h"

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

typedef struct {
    ir_shape x;
    ir_conv c;
} conv_shape;

static void build_conv2d(reftest *t, conv_shape s)
{
    reftest_seed(t, reftest_conv2d(t, reftest_input(t, s.x, FILL_NORMAL, true), "conv", s.c));
}

static const conv_shape conv2d_corners[] = {
    /* one channel in, one out, both */
    {{1, 1, 16, 16}, {.out = 16, .kernel = 3, .pad = 1}},
    {{2, 1, 17, 13}, {.out = 8, .kernel = 3, .stride = 2, .pad = 1}},
    {{1, 1, 20, 18}, {.out = 16, .kernel = 7, .stride = 2, .pad = 3}},
    {{1, 13, 9, 11}, {.out = 1, .kernel = 1, .bias = true}},
    {{2, 16, 9, 11}, {.out = 1, .kernel = 3, .pad = 1}},
    {{2, 1, 9, 7}, {.out = 1, .kernel = 3, .pad = 1, .bias = true}},
    {{1, 2, 9, 8}, {.out = 1, .kernel = 7, .pad = 3}},
    {{2, 2, 33, 31}, {.out = 1, .kernel = 7, .pad = 3}},
    {{2, 1, 17, 19}, {.out = 1, .kernel = 5, .pad = 2}},
    {{1, 1, 2, 3}, {.out = 1, .kernel = 5, .pad = 2, .bias = true}},
    /* rows in which one pixel more would make another whole group */
    {{1, 1, 5, 17}, {.out = 16, .kernel = 3, .pad = 1}},
    {{1, 16, 5, 17}, {.out = 1, .kernel = 3, .pad = 1}},
    {{1, 2, 9, 13}, {.out = 1, .kernel = 7, .pad = 3}},
    {{1, 1, 9, 34}, {.out = 8, .kernel = 3, .stride = 2, .pad = 1}},
    {{1, 1, 5, 67}, {.out = 1, .kernel = 5, .pad = 2}},
    {{1, 1, 5, 68}, {.out = 1, .kernel = 5, .pad = 2, .bias = true}},
    {{2, 1, 6, 101}, {.out = 1, .kernel = 5, .pad = 2}},
    {{1, 1, 7, 143}, {.out = 1, .kernel = 3, .stride = 2, .pad = 1}},
    /* planes of one pixel: channel attention */
    {{1, 16, 1, 1}, {.out = 4, .kernel = 1}},
    {{3, 4, 1, 1}, {.out = 64, .kernel = 1, .bias = true}},
    {{2, 1, 1, 1}, {.out = 1, .kernel = 1, .bias = true}},
    /* channels that fill no block; stride 2 on odd sizes; large and even kernels */
    {{2, 12, 15, 11}, {.out = 20, .kernel = 3, .stride = 2, .pad = 1}},
    {{2, 16, 15, 17}, {.out = 32, .kernel = 1, .stride = 2}},
    {{1, 17, 13, 13}, {.out = 9, .kernel = 5, .pad = 2, .bias = true}},
    {{1, 32, 11, 9}, {.out = 16, .kernel = 7, .pad = 3}},
    {{1, 8, 14, 12}, {.out = 8, .kernel = 9, .pad = 4}},
    {{2, 3, 8, 9}, {.out = 5, .kernel = 2, .stride = 2}},
    {{1, 8, 1, 9}, {.out = 8, .kernel = 3, .pad = 1}},
    {{1, 8, 7, 7}, {.out = 8, .kernel = 3}},
    {{1, 100, 3, 3}, {.out = 50, .kernel = 3, .pad = 1}},
    {{4, 8, 13, 16}, {.out = 8, .kernel = 3, .pad = 1}},
    /* so large that threads share the work */
    {{1, 24, 33, 35}, {.out = 24, .kernel = 3, .pad = 1}},
    {{2, 9, 51, 45}, {.out = 17, .kernel = 3, .pad = 1, .bias = true}},
    {{3, 20, 47, 46}, {.out = 4, .kernel = 1, .bias = true}},
    {{2, 1, 91, 93}, {.out = 9, .kernel = 3, .stride = 2, .pad = 1, .bias = true}},
    {{2, 12, 49, 53}, {.out = 1, .kernel = 3, .pad = 1, .bias = true}},
    {{1, 1, 130, 131}, {.out = 1, .kernel = 3, .pad = 1, .bias = true}},
    {{2, 9, 49, 53}, {.out = 9, .kernel = 3, .pad = 1, .depthwise = true, .bias = true}},
    /* by Winograd's algorithm: whole tiles and cut ones, more than one strip of them; so many
     * strips that their sums go into sums of sums; one tile too few for it */
    {{1, 64, 33, 34}, {.out = 40, .kernel = 3, .pad = 1, .bias = true}},
    {{1, 2, 8, 16}, {.out = 3, .kernel = 3, .pad = 1}},
    {{1, 3, 241, 230}, {.out = 5, .kernel = 3, .pad = 1}},
    {{1, 16, 28, 4}, {.out = 16, .kernel = 3, .pad = 1}},
    /* so many channels that oneDNN has the weights' gradient: by Winograd's algorithm, directly */
    {{1, 130, 17, 18}, {.out = 136, .kernel = 3, .pad = 1}},
    {{1, 130, 9, 11}, {.out = 136, .kernel = 3, .pad = 1, .bias = true}},
    /* dilated */
    {{1, 16, 12, 12}, {.out = 16, .kernel = 3, .pad = 2, .dilation = 2}},
    {{1, 9, 17, 15}, {.out = 11, .kernel = 3, .pad = 4, .dilation = 4, .bias = true}},
    {{2, 5, 11, 13}, {.out = 8, .kernel = 3, .stride = 2, .pad = 2, .dilation = 2}},
    {{1, 8, 9, 10}, {.out = 16, .kernel = 3, .dilation = 3}},
    /* depthwise */
    {{2, 16, 12, 10}, {.out = 16, .kernel = 3, .pad = 1, .depthwise = true}},
    {{1, 13, 9, 9}, {.out = 13, .kernel = 3, .pad = 1, .depthwise = true, .bias = true}},
    {{1, 1, 9, 8}, {.out = 1, .kernel = 3, .pad = 1, .depthwise = true}},
    {{2, 17, 11, 9}, {.out = 17, .kernel = 5, .stride = 2, .pad = 2, .depthwise = true}},
    {{1, 7, 9, 9}, {.out = 7, .kernel = 3, .pad = 2, .dilation = 2, .depthwise = true}},
    {{2, 5, 19, 10}, {.out = 5, .kernel = 3, .depthwise = true}},
    {{1, 3, 9, 8}, {.out = 3, .kernel = 3, .pad = 3, .depthwise = true, .bias = true}},
    {{2, 6, 11, 9}, {.out = 6, .kernel = 3, .stride = 2, .pad = 1, .depthwise = true}},
    {{1, 4, 10, 9}, {.out = 4, .kernel = 5, .pad = 2, .depthwise = true}},
    /* of the spectra of small planes */
    {{2, 16, 2, 2}, {.out = 16, .kernel = 3, .pad = 1, .depthwise = true}},
    {{1, 13, 3, 2}, {.out = 13, .kernel = 3, .pad = 1, .depthwise = true, .bias = true}},
    {{2, 9, 1, 2}, {.out = 9, .kernel = 3, .pad = 1, .depthwise = true}},
    {{1, 33, 1, 1}, {.out = 33, .kernel = 3, .pad = 1, .depthwise = true}},
};

/* Two convolutions of one input: a gradient comes into one that is there already, of one block of
 * channels, of more, of a plane. */
static const conv_shape conv2d_pairs[] = {
    {{2, 8, 17, 19}, {.out = 24, .kernel = 3, .pad = 1}},
    {{1, 16, 12, 14}, {.out = 16, .kernel = 5, .pad = 2}},
    {{2, 40, 16, 16}, {.out = 24, .kernel = 3, .pad = 1}},
    {{1, 1, 12, 14}, {.out = 16, .kernel = 3, .pad = 1}},
};

static void build_pair(reftest *t, conv_shape s)
{
    value x = reftest_input(t, s.x, FILL_NORMAL, true);
    value one = reftest_conv2d(t, x, "one", s.c), other = reftest_conv2d(t, x, "other", s.c);
    reftest_seed(t, reftest_add(t, one, other));
}

static void conv2d_corner(reftest *t, int i)
{
    if (i < COUNT(conv2d_corners))
        build_conv2d(t, conv2d_corners[i]);
    else
        build_pair(t, conv2d_pairs[i - COUNT(conv2d_corners)]);
}

static void conv2d_random(reftest *t)
{
    static const int kernels[] = {1, 1, 2, 3, 3, 3, 5, 7};
    conv_shape s = {reftest_shape(t), {.out = reftest_between(t, 1, t->setup.channels)}};
    s.c.kernel = kernels[reftest_between(t, 0, 7)];
    s.c.stride = reftest_between(t, 1, 2);
    s.c.dilation = s.c.kernel == 3 && reftest_chance(t, 0.25) ? reftest_between(t, 2, 4) : 1;
    s.c.pad = reftest_chance(t, 0.75) ? s.c.dilation * (s.c.kernel - 1) / 2 : 0;
    s.c.bias = reftest_chance(t, 0.5);
    s.c.depthwise = reftest_chance(t, 0.2);
    if (s.c.depthwise)
        s.c.out = s.x.c;
    int reach = s.c.dilation * (s.c.kernel - 1) + 1 - 2 * s.c.pad;
    if (s.x.h < reach)
        s.x.h = reach;
    if (s.x.w < reach)
        s.x.w = reach;
    build_conv2d(t, s);
}

static void conv2d_bench(reftest *t)
{
    build_conv2d(t, (conv_shape){{4, 16, 256, 256}, {.out = 16, .kernel = 3, .pad = 1}});
}

/* ---- transposed -------------------------------------------------------------------------- */

static void build_transposed(reftest *t, conv_shape s)
{
    reftest_seed(t,
                 reftest_conv_transpose2d(t, reftest_input(t, s.x, FILL_NORMAL, true), "up", s.c));
}

static const conv_shape transposed_corners[] = {
    {{1, 64, 4, 4}, {.out = 32, .kernel = 4, .stride = 2, .pad = 1}},
    {{2, 13, 5, 3}, {.out = 7, .kernel = 4, .stride = 2, .pad = 1, .bias = true}},
    {{1, 1, 5, 6}, {.out = 1, .kernel = 4, .stride = 2, .pad = 1}},
    {{1, 16, 5, 5}, {.out = 1, .kernel = 4, .stride = 2, .pad = 1, .bias = true}},
    {{2, 1, 7, 5}, {.out = 16, .kernel = 4, .stride = 2, .pad = 1}},
    {{1, 17, 6, 5}, {.out = 9, .kernel = 2, .stride = 2}},
    {{1, 9, 6, 5}, {.out = 8, .kernel = 3, .stride = 2, .pad = 1}},
    {{1, 8, 6, 5}, {.out = 12, .kernel = 3, .stride = 1, .pad = 1}},
    {{1, 18, 15, 13}, {.out = 12, .kernel = 3, .stride = 1, .pad = 1, .bias = true}},
    {{3, 8, 1, 1}, {.out = 8, .kernel = 4, .stride = 2, .pad = 1}},
    {{1, 5, 4, 3}, {.out = 6, .kernel = 1}},
    {{2, 12, 23, 25}, {.out = 9, .kernel = 4, .stride = 2, .pad = 1, .bias = true}},
    {{2, 9, 47, 45}, {.out = 1, .kernel = 4, .stride = 2, .pad = 1, .bias = true}},
};

static void transposed_corner(reftest *t, int i)
{
    build_transposed(t, transposed_corners[i]);
}

static void transposed_random(reftest *t)
{
    conv_shape s = {reftest_shape(t), {.out = reftest_between(t, 1, t->setup.channels)}};
    s.x.h = (s.x.h + 1) / 2;
    s.x.w = (s.x.w + 1) / 2;
    s.c.kernel = reftest_between(t, 2, 4);
    s.c.stride = reftest_between(t, 1, 2);
    s.c.pad = s.c.kernel > 2 && s.x.h > 1 && s.x.w > 1 ? reftest_between(t, 0, 1) : 0;
    s.c.bias = reftest_chance(t, 0.5);
    build_transposed(t, s);
}

static void transposed_bench(reftest *t)
{
    build_transposed(
        t, (conv_shape){{4, 32, 64, 64}, {.out = 16, .kernel = 4, .stride = 2, .pad = 1}});
}

/* ---- fully connected --------------------------------------------------------------------- */

static void build_linear(reftest *t, int n, int in, int out)
{
    value x = reftest_input(t, (ir_shape){n, in, 1, 1}, FILL_NORMAL, true);
    reftest_seed(t, reftest_linear(t, x, "fc", out));
}

static void linear_corner(reftest *t, int i)
{
    static const int sizes[][3] = {{4, 256, 30}, {1, 1, 1}, {1, 1, 30}, {3, 13, 1},
                                   {1, 7, 9},    {5, 1, 1}, {4, 1, 17}, {2, 64, 1}};
    build_linear(t, sizes[i][0], sizes[i][1], sizes[i][2]);
}

static void linear_random(reftest *t)
{
    int n = reftest_between(t, 1, 9), in = reftest_between(t, 1, 3 * t->setup.channels);
    build_linear(t, n, in, reftest_between(t, 1, 3 * t->setup.channels));
}

static void linear_bench(reftest *t)
{
    build_linear(t, 64, 256, 30);
}

const op_case conv_cases[] = {
    {"conv2d", COUNT(conv2d_corners) + COUNT(conv2d_pairs), conv2d_corner, conv2d_random,
     conv2d_bench},
    {"conv_transpose2d", COUNT(transposed_corners), transposed_corner, transposed_random,
     transposed_bench},
    {"linear", 8, linear_corner, linear_random, linear_bench},
};
const int conv_case_count = COUNT(conv_cases);
