/* Shapes for batch norm, activations, sums and products, dropout, concat and slice. */
#include "cases.h"

static const ir_shape big = {4, 16, 256, 256};

/* So large that threads share the work and sums are made in parts. */
static const ir_shape large = {2, 13, 51, 45}, large_plane = {3, 1, 77, 79};

/* ---- batch norm: at least 8 numbers a channel, or its gradient is all cancellation ------- */

static void build_batchnorm(reftest *t, ir_shape shape, double momentum)
{
    reftest_seed(t,
                 reftest_batchnorm(t, reftest_input(t, shape, FILL_OFFSET, true), "bn", momentum));
}

static void batchnorm_corner(reftest *t, int i)
{
    static const ir_shape shapes[] = {{2, 16, 9, 7}, {1, 1, 8, 9},   {9, 13, 1, 1}, {1, 33, 3, 5},
                                      {3, 1, 17, 1}, {2, 8, 64, 64}, {12, 1, 1, 1}, {2, 530, 5, 7},
                                      large,         large_plane};
    build_batchnorm(t, shapes[i], i % 2 ? 0.9 : 0.1);
}

static void batchnorm_random(reftest *t)
{
    ir_shape s = reftest_shape(t);
    while (s.n * s.h * s.w < 8)
        s.h++;
    build_batchnorm(t, s, ir_rng_uniform(&t->rng));
}

static void batchnorm_bench(reftest *t)
{
    build_batchnorm(t, big, 0.1);
}

/* ---- activations ------------------------------------------------------------------------- */

static void build_leaky_relu(reftest *t, ir_shape shape, filling fill, double slope)
{
    reftest_seed(t, reftest_leaky_relu(t, reftest_input(t, shape, fill, true), slope));
}

static void leaky_relu_corner(reftest *t, int i)
{
    static const ir_shape shapes[] = {{1, 1, 1, 1},  {2, 13, 7, 5}, {1, 1, 9, 7},
                                      {2, 40, 3, 3}, large,         large_plane};
    build_leaky_relu(t, shapes[i / 2], i % 2 ? FILL_STEPS : FILL_NORMAL, i < 4 ? 0 : 0.1);
}

static void leaky_relu_random(reftest *t)
{
    double slope = reftest_chance(t, 0.5) ? 0 : 0.3 * ir_rng_uniform(&t->rng);
    build_leaky_relu(t, reftest_shape(t), FILL_NORMAL, slope);
}

static void leaky_relu_bench(reftest *t)
{
    build_leaky_relu(t, big, FILL_NORMAL, 0.1);
}

static void build_sigmoid(reftest *t, ir_shape shape, filling fill)
{
    reftest_seed(t, reftest_sigmoid(t, reftest_input(t, shape, fill, true)));
}

static void sigmoid_corner(reftest *t, int i)
{
    static const ir_shape shapes[] = {
        {2, 1, 33, 31}, {2, 13, 7, 5}, {3, 16, 1, 1}, large, large_plane};
    build_sigmoid(t, shapes[i], i ? FILL_NORMAL : FILL_WIDE);
}

static void sigmoid_random(reftest *t)
{
    build_sigmoid(t, reftest_shape(t), FILL_WIDE);
}
static void sigmoid_bench(reftest *t)
{
    build_sigmoid(t, big, FILL_NORMAL);
}

/* ---- a + b and scale a b, b of a's shape, (N,C,1,1), (N,1,H,W) or (N,1,1,1) -------------- */

enum { SAME, PER_CHANNEL, PER_PIXEL, PER_IMAGE, ITSELF, BROADCASTS };

static ir_shape second_shape(ir_shape a, int broadcast)
{
    if (broadcast == PER_CHANNEL || broadcast == PER_IMAGE)
        a.h = a.w = 1;
    if (broadcast == PER_PIXEL || broadcast == PER_IMAGE)
        a.c = 1;
    return a;
}

static void build_binary(reftest *t, bool mul, ir_shape shape, int broadcast, double scale)
{
    value a = reftest_input(t, shape, FILL_NORMAL, true), b = a;
    if (broadcast != ITSELF)
        b = reftest_input(t, second_shape(shape, broadcast), FILL_NORMAL, true);
    reftest_seed(t, mul ? reftest_mul(t, a, b, scale) : reftest_add(t, a, b));
}

enum { BINARY_SHAPES = 7, BINARY_CORNERS = BINARY_SHAPES * BROADCASTS };

static void binary_corner(reftest *t, bool mul, int i)
{
    static const ir_shape shapes[BINARY_SHAPES] = {{2, 13, 7, 5}, {2, 1, 9, 6}, {3, 17, 1, 1},
                                                   {1, 32, 1, 9}, large,        large_plane,
                                                   {2, 65, 5, 9}};
    build_binary(t, mul, shapes[i / BROADCASTS], i % BROADCASTS, i % 3 ? 1 : -0.7);
}

static void add_corner(reftest *t, int i)
{
    binary_corner(t, false, i);
}
static void mul_corner(reftest *t, int i)
{
    binary_corner(t, true, i);
}

static void binary_random(reftest *t, bool mul)
{
    ir_shape s = reftest_shape(t);
    int broadcast = reftest_between(t, 0, BROADCASTS - 1);
    build_binary(t, mul, s, broadcast, ir_rng_normal(&t->rng));
}

static void add_random(reftest *t)
{
    binary_random(t, false);
}
static void mul_random(reftest *t)
{
    binary_random(t, true);
}
static void add_bench(reftest *t)
{
    build_binary(t, false, big, SAME, 1);
}
static void mul_bench(reftest *t)
{
    build_binary(t, true, big, PER_PIXEL, 1);
}

/* ---- scale ------------------------------------------------------------------------------- */

static void build_scale(reftest *t, ir_shape shape, double factor)
{
    reftest_seed(t, reftest_scale(t, reftest_input(t, shape, FILL_NORMAL, true), factor));
}

static void scale_corner(reftest *t, int i)
{
    static const ir_shape shapes[] = {
        {2, 1, 3, 31}, {2, 13, 7, 5}, {3, 16, 1, 1}, large, large_plane};
    build_scale(t, shapes[i], i - 1.5);
}

static void scale_random(reftest *t)
{
    build_scale(t, reftest_shape(t), ir_rng_normal(&t->rng));
}
static void scale_bench(reftest *t)
{
    build_scale(t, big, 0.5);
}

/* ---- dropout ----------------------------------------------------------------------------- */

static void build_dropout(reftest *t, ir_shape shape, double p)
{
    reftest_seed(t, reftest_dropout(t, reftest_input(t, shape, FILL_NORMAL, true), p));
}

static void dropout_corner(reftest *t, int i)
{
    static const ir_shape shapes[] = {{2, 13, 7, 5}, {2, 1, 9, 7}, {3, 16, 5, 5}, {3, 40, 1, 1},
                                      {1, 16, 8, 8}, large,        large_plane};
    static const double p[] = {0.5, 0.1, 0.9, 0.3, 0, 0.2, 0.25};
    build_dropout(t, shapes[i], p[i]);
}

static void dropout_random(reftest *t)
{
    ir_shape s = reftest_shape(t);
    s.h += 4; /* enough numbers for some to stay */
    build_dropout(t, s, 0.6 * ir_rng_uniform(&t->rng));
}

static void dropout_bench(reftest *t)
{
    build_dropout(t, big, 0.1);
}

/* ---- concat, slice ----------------------------------------------------------------------- */

static void build_concat(reftest *t, ir_shape s, int count, const int *channels)
{
    value x[REFTEST_MAX_PARTS];
    for (int k = 0; k < count; k++) {
        s.c = channels[k];
        /* cppcheck-suppress uninitvar ; the first count of channels is never 0 */
        x[k] = channels[k] ? reftest_input(t, s, FILL_NORMAL, true) : x[k - 1];
    }
    reftest_seed(t, reftest_concat(t, count, x));
}

static void concat_corner(reftest *t, int i)
{
    /* 0: the same value once more */
    static const int channels[][4] = {{16, 16},      {1, 1}, {4, 12}, {1, 8, 1}, {5, 0, 3, 9},
                                      {3, 7, 2, 20}, {17},   {8, 0},  {3, 1, 13}};
    static const int counts[] = {2, 2, 2, 3, 4, 4, 1, 2, 3};
    ir_shape s = i < 8 ? (ir_shape){1 + i % 2, 0, 5, 7} : large;
    build_concat(t, s, counts[i], channels[i]);
}

static void concat_random(reftest *t)
{
    ir_shape s = reftest_shape(t);
    int count = reftest_between(t, 2, 4), channels[REFTEST_MAX_PARTS];
    for (int k = 0; k < count; k++)
        channels[k] = reftest_between(t, k > 0 ? 0 : 1, t->setup.channels);
    build_concat(t, s, count, channels);
}

static void concat_bench(reftest *t)
{
    build_concat(t, big, 2, (int[]){4, 12});
}

static void build_slice(reftest *t, ir_shape s, int first, int channels)
{
    reftest_seed(t, reftest_slice(t, reftest_input(t, s, FILL_NORMAL, true), first, channels));
}

static void slice_corner(reftest *t, int i)
{
    static const int channels[][3] = {{16, 0, 8},  {16, 8, 8},  {16, 3, 1}, {1, 0, 1},
                                      {33, 5, 20}, {20, 16, 4}, {9, 8, 1},  {13, 0, 13}};
    if (i < 8)
        build_slice(t, (ir_shape){2, channels[i][0], 5, 3}, channels[i][1], channels[i][2]);
    else
        build_slice(t, large, 3, i == 8 ? 9 : 1);
}

static void slice_random(reftest *t)
{
    ir_shape s = reftest_shape(t);
    int first = reftest_between(t, 0, s.c - 1);
    build_slice(t, s, first, reftest_between(t, 1, s.c - first));
}

static void slice_bench(reftest *t)
{
    build_slice(t, big, 4, 8);
}

const op_case pointwise_cases[] = {
    {"batchnorm", 10, batchnorm_corner, batchnorm_random, batchnorm_bench},
    {"leaky_relu", 12, leaky_relu_corner, leaky_relu_random, leaky_relu_bench},
    {"sigmoid", 5, sigmoid_corner, sigmoid_random, sigmoid_bench},
    {"add", BINARY_CORNERS, add_corner, add_random, add_bench},
    {"mul", BINARY_CORNERS, mul_corner, mul_random, mul_bench},
    {"scale", 5, scale_corner, scale_random, scale_bench},
    {"dropout", 7, dropout_corner, dropout_random, dropout_bench},
    {"concat", 9, concat_corner, concat_random, concat_bench},
    {"slice", 10, slice_corner, slice_random, slice_bench},
};
const int pointwise_case_count = sizeof pointwise_cases / sizeof pointwise_cases[0];
