/* Shapes for pools over windows, planes and channels, and for resizing. */
#include "cases.h"

static const ir_shape big = {4, 16, 256, 256};

/* ---- windows ----------------------------------------------------------------------------- */

typedef struct {
    ir_shape x;
    int kernel, stride, pad;
    filling fill;
} pool_shape;

static void build_max_pool(reftest *t, pool_shape s)
{
    value x = reftest_input(t, s.x, s.fill, true);
    reftest_seed(t, reftest_max_pool(t, x, s.kernel, s.stride, s.pad));
}

static void build_avg_pool(reftest *t, pool_shape s)
{
    reftest_seed(t, reftest_avg_pool(t, reftest_input(t, s.x, s.fill, true), s.kernel, s.stride));
}

static const pool_shape pool_corners[] = {
    {{2, 16, 8, 10}, 2, 2, 0, FILL_NORMAL},  {{2, 13, 9, 11}, 2, 2, 0, FILL_STEPS},
    {{1, 1, 9, 7}, 2, 2, 0, FILL_STEPS},     {{2, 9, 9, 12}, 3, 2, 1, FILL_STEPS},
    {{1, 8, 7, 7}, 3, 1, 1, FILL_NORMAL},    {{1, 1, 8, 8}, 3, 2, 1, FILL_NORMAL},
    {{3, 5, 8, 8}, 4, 4, 0, FILL_NORMAL},    {{1, 17, 16, 16}, 8, 8, 0, FILL_STEPS},
    {{2, 3, 1, 1}, 1, 1, 0, FILL_NORMAL},    {{1, 8, 5, 5}, 5, 1, 2, FILL_STEPS},
    {{2, 8, 7, 9}, 2, 3, 0, FILL_NORMAL},    {{2, 13, 61, 47}, 2, 2, 0, FILL_STEPS},
    {{2, 9, 63, 49}, 3, 2, 1, FILL_STEPS},   {{1, 1, 131, 130}, 3, 2, 1, FILL_STEPS},
    {{1, 1, 131, 130}, 2, 2, 0, FILL_STEPS}, {{1, 17, 33, 35}, 3, 1, 1, FILL_STEPS},
};
enum { POOL_CORNERS = sizeof pool_corners / sizeof pool_corners[0] };

static void max_pool_corner(reftest *t, int i)
{
    build_max_pool(t, pool_corners[i]);
}
static void avg_pool_corner(reftest *t, int i)
{
    build_avg_pool(t, pool_corners[i]);
}

static pool_shape random_pool(reftest *t)
{
    pool_shape s = {.x = reftest_shape(t), .kernel = reftest_between(t, 1, 4)};
    s.stride = reftest_between(t, 1, s.kernel + 1);
    s.pad = reftest_between(t, 0, s.kernel / 2);
    s.x.h = s.x.h < s.kernel ? s.kernel : s.x.h;
    s.x.w = s.x.w < s.kernel ? s.kernel : s.x.w;
    return s;
}

static void max_pool_random(reftest *t)
{
    build_max_pool(t, random_pool(t));
}
static void avg_pool_random(reftest *t)
{
    build_avg_pool(t, random_pool(t));
}
static void max_pool_bench(reftest *t)
{
    build_max_pool(t, (pool_shape){big, 2, 2, 0, FILL_NORMAL});
}
static void avg_pool_bench(reftest *t)
{
    build_avg_pool(t, (pool_shape){big, 2, 2, 0, FILL_NORMAL});
}

/* ---- planes and channels ----------------------------------------------------------------- */

typedef value reduction(reftest *t, value x);

static void build_reduction(reftest *t, reduction *reduce, ir_shape shape, filling fill)
{
    reftest_seed(t, reduce(t, reftest_input(t, shape, fill, true)));
}

enum { REDUCTION_CORNERS = 17 };

static void reduction_corner(reftest *t, reduction *reduce, int i)
{
    static const ir_shape shapes[REDUCTION_CORNERS] = {
        {2, 13, 7, 5},    {2, 1, 9, 7},   {3, 16, 1, 1},   {1, 33, 1, 9},   {2, 8, 16, 16},
        {1, 1, 1, 1},     {1, 2, 40, 40}, {3, 13, 51, 47}, {7, 1, 49, 51},  {2, 64, 9, 7},
        {1, 128, 8, 8},   {2, 256, 5, 6}, {1, 255, 3, 3},  {2, 65, 19, 31}, {2, 33, 23, 29},
        {1, 1, 131, 130}, {86, 33, 3, 43}};
    build_reduction(t, reduce, shapes[i], i % 2 ? FILL_STEPS : FILL_NORMAL);
}

static void reduction_random(reftest *t, reduction *reduce)
{
    build_reduction(t, reduce, reftest_shape(t), FILL_NORMAL);
}

#define REDUCTION(name)                                                                            \
    static void name##_corner(reftest *t, int i)                                                   \
    {                                                                                              \
        reduction_corner(t, reftest_##name, i);                                                    \
    }                                                                                              \
    static void name##_random(reftest *t)                                                          \
    {                                                                                              \
        reduction_random(t, reftest_##name);                                                       \
    }                                                                                              \
    static void name##_bench(reftest *t)                                                           \
    {                                                                                              \
        build_reduction(t, reftest_##name, big, FILL_NORMAL);                                      \
    }
REDUCTION(global_avg_pool)
REDUCTION(global_max_pool)
REDUCTION(channel_mean)
REDUCTION(channel_max)

/* ---- resize ------------------------------------------------------------------------------ */

static void build_resize(reftest *t, ir_shape shape, int h, int w, bool align_corners)
{
    reftest_seed(
        t, reftest_resize(t, reftest_input(t, shape, FILL_NORMAL, true), h, w, align_corners));
}

static void resize_corner(reftest *t, int i)
{
    static const struct {
        ir_shape x;
        int h, w;
    } shapes[] = {{{2, 16, 7, 9}, 14, 18},  {{1, 13, 5, 4}, 20, 16},  {{2, 1, 8, 8}, 16, 16},
                  {{1, 1, 3, 4}, 24, 32},   {{2, 8, 1, 1}, 7, 5},     {{1, 9, 9, 7}, 9, 7},
                  {{1, 8, 32, 30}, 15, 8},  {{2, 5, 13, 11}, 17, 5},  {{1, 3, 6, 6}, 1, 1},
                  {{1, 1, 50, 61}, 32, 32}, {{2, 9, 23, 29}, 46, 58}, {{3, 1, 41, 39}, 82, 97},
                  {{2, 9, 16, 24}, 8, 12},  {{2, 16, 5, 6}, 10, 12},  {{1, 9, 5, 7}, 20, 28},
                  {{1, 13, 4, 3}, 32, 24},  {{2, 1, 3, 5}, 48, 80},   {{1, 8, 1, 2}, 16, 32},
                  {{2, 5, 7, 6}, 31, 29}};
    build_resize(t, shapes[i / 2].x, shapes[i / 2].h, shapes[i / 2].w, i % 2);
}

static void resize_random(reftest *t)
{
    ir_shape s = reftest_shape(t);
    int h = reftest_between(t, 1, 2 * t->setup.side), w = reftest_between(t, 1, 2 * t->setup.side);
    build_resize(t, s, h, w, reftest_chance(t, 0.5));
}

static void resize_bench(reftest *t)
{
    build_resize(t, (ir_shape){4, 16, 128, 128}, 256, 256, false);
}

const op_case pool_cases[] = {
    {"max_pool", POOL_CORNERS, max_pool_corner, max_pool_random, max_pool_bench},
    {"avg_pool", POOL_CORNERS, avg_pool_corner, avg_pool_random, avg_pool_bench},
    {"global_avg_pool", REDUCTION_CORNERS, global_avg_pool_corner, global_avg_pool_random,
     global_avg_pool_bench},
    {"global_max_pool", REDUCTION_CORNERS, global_max_pool_corner, global_max_pool_random,
     global_max_pool_bench},
    {"channel_mean", REDUCTION_CORNERS, channel_mean_corner, channel_mean_random,
     channel_mean_bench},
    {"channel_max", REDUCTION_CORNERS, channel_max_corner, channel_max_random, channel_max_bench},
    {"resize", 38, resize_corner, resize_random, resize_bench},
};
const int pool_case_count = sizeof pool_cases / sizeof pool_cases[0];
