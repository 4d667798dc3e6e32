/* Shapes for log-softmax, the losses and the Fourier transforms. */
#include "cases.h"

static void build_log_softmax(reftest *t, int n, int c, filling fill)
{
    reftest_seed(t, reftest_log_softmax(t, reftest_input(t, (ir_shape){n, c, 1, 1}, fill, true)));
}

static void log_softmax_corner(reftest *t, int i)
{
    static const int sizes[][2] = {{4, 30}, {1, 2}, {3, 9}, {2, 64}};
    build_log_softmax(t, sizes[i][0], sizes[i][1], i % 2 ? FILL_WIDE : FILL_NORMAL);
}

static void log_softmax_random(reftest *t)
{
    int n = reftest_between(t, 1, 9);
    build_log_softmax(t, n, reftest_between(t, 2, 2 * t->setup.channels), FILL_WIDE);
}

static void log_softmax_bench(reftest *t)
{
    build_log_softmax(t, 64, 30, FILL_NORMAL);
}

/* ---- losses over groups of images --------------------------------------------------------- */

static void build_soft_iou(reftest *t, int n, int h, int w, int group)
{
    value p = reftest_input(t, (ir_shape){n, 1, h, w}, FILL_UNIT, true);
    value y = reftest_input(t, (ir_shape){n, 1, h, w}, FILL_MASK, false);
    reftest_seed(t, reftest_soft_iou(t, p, y, group));
}

/* Of logits from -20 to 20 and of 0, of a truth up to 2. */
static void build_bce(reftest *t, int n, int h, int w, int group)
{
    filling fill = h % 2 ? FILL_WIDE : FILL_STEPS;
    value z = reftest_input(t, (ir_shape){n, 1, h, w}, fill, true);
    z = reftest_scale(t, z, h % 2 ? 1.5 : 1);
    value y = reftest_input(t, (ir_shape){n, 1, h, w}, FILL_POSITIVE, false);
    reftest_seed(t, reftest_bce(t, z, y, group));
}

typedef void loss_builder(reftest *t, int n, int h, int w, int group);

static void loss_corner(reftest *t, loss_builder *build, int i)
{
    static const int sizes[][4] = {{4, 16, 16, 1}, {4, 9, 7, 2},     {3, 5, 5, 3},
                                   {1, 3, 2, 1},   {2, 100, 120, 2}, {6, 33, 1, 1}};
    build(t, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
}

static void loss_random(reftest *t, loss_builder *build)
{
    int group = reftest_between(t, 1, 4), groups = reftest_between(t, 1, 3);
    ir_shape s = reftest_shape(t);
    build(t, group * groups, s.h, s.w, group);
}

#define LOSS(name)                                                                                 \
    static void name##_corner(reftest *t, int i)                                                   \
    {                                                                                              \
        loss_corner(t, build_##name, i);                                                           \
    }                                                                                              \
    static void name##_random(reftest *t)                                                          \
    {                                                                                              \
        loss_random(t, build_##name);                                                              \
    }                                                                                              \
    static void name##_bench(reftest *t)                                                           \
    {                                                                                              \
        build_##name(t, 16, 256, 256, 1);                                                          \
    }
LOSS(soft_iou)
LOSS(bce)

/* ---- Fourier transforms ------------------------------------------------------------------ */

static void build_rfft2(reftest *t, ir_shape s)
{
    reftest_seed(t, reftest_rfft2(t, reftest_input(t, s, FILL_NORMAL, true)));
}

/* s: of the plane that comes out. The spectrum is any, not only what a real plane can have. */
static void build_irfft2(reftest *t, ir_shape s)
{
    value x = reftest_input(t, (ir_shape){s.n, 2 * s.c, s.h, s.w / 2 + 1}, FILL_NORMAL, true);
    reftest_seed(t, reftest_irfft2(t, x, s.w));
}

static const ir_shape fft_corners[] = {
    {1, 16, 8, 8},  {2, 3, 9, 7},  {1, 1, 16, 12}, {2, 1, 5, 6},   {1, 13, 6, 5},  {1, 8, 1, 9},
    {1, 5, 7, 1},   {3, 4, 1, 1},  {1, 2, 32, 32}, {1, 9, 20, 3},  {2, 8, 4, 2},   {3, 8, 26, 27},
    {8, 1, 45, 47}, {2, 9, 2, 2},  {1, 1, 2, 2},   {1, 1, 1, 1},   {2, 5, 1, 2},   {1, 17, 2, 1},
    {1, 3, 3, 3},   {2, 35, 9, 8}, {3, 16, 9, 7},  {2, 32, 6, 10}, {1, 16, 46, 45}};
enum { FFT_CORNERS = sizeof fft_corners / sizeof fft_corners[0] };

static ir_shape random_plane(reftest *t)
{
    ir_shape s = reftest_shape(t);
    s.c = (s.c + 1) / 2;
    if (s.h > 30 || s.w > 30) /* the sums take long */
        s.h /= 2, s.w /= 2;
    return s;
}

static void rfft2_corner(reftest *t, int i)
{
    build_rfft2(t, fft_corners[i]);
}
static void irfft2_corner(reftest *t, int i)
{
    build_irfft2(t, fft_corners[i]);
}
static void rfft2_random(reftest *t)
{
    build_rfft2(t, random_plane(t));
}
static void irfft2_random(reftest *t)
{
    build_irfft2(t, random_plane(t));
}
static void rfft2_bench(reftest *t)
{
    build_rfft2(t, (ir_shape){4, 16, 128, 128});
}
static void irfft2_bench(reftest *t)
{
    build_irfft2(t, (ir_shape){4, 16, 128, 128});
}

const op_case head_cases[] = {
    {"log_softmax", 4, log_softmax_corner, log_softmax_random, log_softmax_bench},
    {"soft_iou", 6, soft_iou_corner, soft_iou_random, soft_iou_bench},
    {"bce", 6, bce_corner, bce_random, bce_bench},
    {"rfft2", FFT_CORNERS, rfft2_corner, rfft2_random, rfft2_bench},
    {"irfft2", FFT_CORNERS, irfft2_corner, irfft2_random, irfft2_bench},
};
const int head_case_count = sizeof head_cases / sizeof head_cases[0];
