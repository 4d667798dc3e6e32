/* Shapes for deformable convolution. */
#include "cases.h"

typedef struct {
    ir_shape x;
    int out, kernel_h, kernel_w;
    bool plain; /* no offsets */
    filling offset;
} deform_shape;

static void build_deform(reftest *t, deform_shape s)
{
    const int taps = s.kernel_h * s.kernel_w;
    const ir_deform d = {.out = s.out, .kernel_h = s.kernel_h, .kernel_w = s.kernel_w};
    value x = reftest_input(t, s.x, FILL_NORMAL, true);
    if (s.plain) {
        reftest_seed(t, reftest_deform_conv2d(t, x, NULL, "deform", d));
        return;
    }
    value offset = reftest_input(t, (ir_shape){s.x.n, 2 * taps, s.x.h, s.x.w}, s.offset, true);
    reftest_seed(t, reftest_deform_conv2d(t, x, &offset, "deform", d));
}

static const deform_shape deform_corners[] = {
    {{2, 13, 7, 9}, 11, 3, 3, false, FILL_NORMAL},
    {{1, 32, 9, 8}, 32, 1, 3, false, FILL_NORMAL},
    {{1, 32, 8, 11}, 32, 3, 1, false, FILL_NORMAL},
    /* on the lines between pixels, and far outside */
    {{2, 9, 6, 7}, 8, 3, 3, false, FILL_STEPS},
    {{1, 8, 5, 5}, 3, 1, 3, false, FILL_STEPS},
    {{1, 17, 7, 5}, 5, 3, 3, false, FILL_WIDE},
    /* one channel in, one out, one tap, one pixel, one row, one column */
    {{2, 1, 9, 7}, 5, 3, 3, false, FILL_NORMAL},
    {{1, 1, 6, 8}, 1, 1, 3, false, FILL_STEPS},
    {{1, 1, 5, 5}, 1, 1, 1, false, FILL_NORMAL},
    {{1, 1, 9, 9}, 2, 5, 5, false, FILL_NORMAL},
    {{1, 5, 6, 7}, 1, 1, 1, false, FILL_NORMAL},
    {{2, 9, 1, 1}, 9, 3, 3, false, FILL_NORMAL},
    {{1, 20, 1, 9}, 7, 1, 5, false, FILL_NORMAL},
    {{1, 3, 9, 1}, 2, 7, 1, false, FILL_NORMAL},
    /* without offsets */
    {{1, 16, 9, 8}, 18, 1, 3, true, FILL_NORMAL},
    {{2, 13, 7, 9}, 6, 3, 1, true, FILL_NORMAL},
    {{1, 1, 8, 7}, 3, 5, 3, true, FILL_NORMAL},
    /* so large that threads share the work */
    {{2, 12, 33, 31}, 9, 1, 3, false, FILL_NORMAL},
    {{1, 1, 61, 59}, 4, 3, 3, false, FILL_NORMAL},
};
enum { DEFORM_CORNERS = sizeof deform_corners / sizeof deform_corners[0] };

static void deform_corner(reftest *t, int i)
{
    build_deform(t, deform_corners[i]);
}

static void deform_random(reftest *t)
{
    deform_shape s = {.x = reftest_shape(t), .offset = FILL_NORMAL};
    s.out = reftest_between(t, 1, t->setup.channels);
    s.kernel_h = 1 + 2 * reftest_between(t, 0, 1);
    s.kernel_w = 1 + 2 * reftest_between(t, 0, 1);
    s.plain = reftest_chance(t, 0.2);
    build_deform(t, s);
}

static void deform_bench(reftest *t)
{
    build_deform(t, (deform_shape){{4, 32, 64, 64}, 32, 3, 3, false, FILL_NORMAL});
}

const op_case deform_cases[] = {
    {"deform_conv2d", DEFORM_CORNERS, deform_corner, deform_random, deform_bench},
};
const int deform_case_count = sizeof deform_cases / sizeof deform_cases[0];
