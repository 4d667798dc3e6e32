/* Training crops: where they lie, how often they hold a target, how they are turned and padded.
 * One line per failure; exit 1 when there was one. */
#include "../../ir-train/crop.c"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32 };

static int failures;

static void expect(bool good, const char *what)
{
    if (good)
        return;
    printf("failed: %s\n", what);
    failures++;
}

static ir_image make(int width, int height, int maxval)
{
    ir_image im = {.width = width, .height = height, .maxval = maxval};
    im.pixel = calloc((size_t)width * (size_t)height, sizeof *im.pixel);
    return im;
}

static bool holds(const crop *c, int x, int y)
{
    return y >= c->top && y < c->top + SIDE && x >= c->left && x < c->left + SIDE;
}

/* One target pixel: half of the crops are forced to hold it, the others do when they happen to. */
static void test_forced(void)
{
    enum { WIDTH = 200, HEIGHT = 120, X = 100, Y = 60, DRAWS = 40000 };
    ir_image mask = make(WIDTH, HEIGHT, 255);
    int held = 0, inside = 0, place[SIDE][SIDE] = {{0}}, places = 0;

    mask.pixel[Y * WIDTH + X] = 255;
    for (int i = 0; i < DRAWS; i++) {
        ir_rng rng = ir_rng_make(1, "crop", "x", (uint64_t)i);
        const crop c = crop_draw(&rng, &mask, SIDE);
        inside += c.top >= 0 && c.top + SIDE <= HEIGHT && c.left >= 0 && c.left + SIDE <= WIDTH;
        if (holds(&c, X, Y)) {
            held++;
            place[Y - c.top][X - c.left]++;
        }
    }
    for (int i = 0; i < SIDE * SIDE; i++)
        places += place[i / SIDE][i % SIDE] > 0;
    const double chance = (double)SIDE * SIDE / ((HEIGHT - SIDE + 1.0) * (WIDTH - SIDE + 1.0));
    const double expected = 0.5 + 0.5 * chance;
    expect(inside == DRAWS, "every crop lies within the frame");
    expect(fabs((double)held / DRAWS - expected) < 4 * sqrt(0.25 / DRAWS),
           "half of the crops are forced to hold a target");
    expect(places == SIDE * SIDE, "a forced target comes to lie anywhere in the crop");
    free(mask.pixel);
}

/* Targets in two corners, one of three pixels: chosen by pixel, crops stay inside. */
static void test_corners(void)
{
    enum { WIDTH = 100, HEIGHT = 90, DRAWS = 20000 };
    ir_image mask = make(WIDTH, HEIGHT, 255);
    int first = 0, last = 0, inside = 0;

    mask.pixel[0] = mask.pixel[1] = mask.pixel[WIDTH] = 255;
    mask.pixel[WIDTH * HEIGHT - 1] = 255;
    for (int i = 0; i < DRAWS; i++) {
        ir_rng rng = ir_rng_make(2, "crop", "x", (uint64_t)i);
        const crop c = crop_draw(&rng, &mask, SIDE);
        inside += c.top >= 0 && c.top + SIDE <= HEIGHT && c.left >= 0 && c.left + SIDE <= WIDTH;
        first += holds(&c, 0, 1) || holds(&c, 1, 0);
        last += holds(&c, WIDTH - 1, HEIGHT - 1);
    }
    expect(inside == DRAWS, "crops at corners lie within the frame");
    expect(fabs((double)last / DRAWS - 0.5 / 4) < 0.012, "targets are chosen by their pixels");
    expect(first > 2.8 * last, "the larger target comes more often");
    free(mask.pixel);
}

/* Without a target the crop is anywhere: each offset as often as any other. */
static void test_anywhere(void)
{
    enum { WIDTH = SIDE + 3, HEIGHT = SIDE + 1, PLACES = 8, DRAWS = 16000 };
    ir_image mask = make(WIDTH, HEIGHT, 1);
    int count[PLACES] = {0}, turned[8] = {0};
    bool even = true;

    for (int i = 0; i < DRAWS; i++) {
        ir_rng rng = ir_rng_make(3, "crop", "x", (uint64_t)i);
        const crop c = crop_draw(&rng, &mask, SIDE);
        count[c.top * 4 + c.left]++;
        turned[4 * c.upside_down + 2 * c.mirrored + c.transposed]++;
    }
    for (int i = 0; i < PLACES; i++) {
        even = even && abs(count[i] - DRAWS / PLACES) < 200;
        even = even && abs(turned[i] - DRAWS / PLACES) < 200;
    }
    expect(even, "offsets and the eight orientations are equally frequent");
    free(mask.pixel);
}

/* Flips rows, then columns, then transposes, one after the other on a copy. */
static void turn_step_by_step(const crop *c, float *view)
{
    static float copy[SIDE * SIDE];
    for (int step = 0; step < 3; step++) {
        if (!(step == 0 ? c->upside_down : step == 1 ? c->mirrored : c->transposed))
            continue;
        memcpy(copy, view, sizeof copy);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                const int from = step == 0   ? (SIDE - 1 - y) * SIDE + x
                                 : step == 1 ? y * SIDE + SIDE - 1 - x
                                             : x * SIDE + y;
                view[y * SIDE + x] = copy[from];
            }
        }
    }
}

/* A frame of 20 x 40 is padded to 32 x 40 with the mean; image and mask are turned alike. */
static void test_views(void)
{
    enum { WIDTH = 20, HEIGHT = 40, TOP = 5 };
    static float image[SIDE * SIDE], mask[SIDE * SIDE], want[SIDE * SIDE], want_mask[SIDE * SIDE];
    ir_image frame = make(WIDTH, HEIGHT, 1000), truth = make(WIDTH, HEIGHT, 1000);
    bool good = true;

    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        frame.pixel[i] = (uint16_t)i;
        truth.pixel[i] = i % 7 == 0 ? 501 : 500; /* 500 is not above half of maxval */
    }
    for (int turn = 0; turn < 8; turn++) {
        const crop c = {TOP, 0, turn & 1, turn & 2, turn & 4};
        crop_image(&c, &frame, SIDE, &(ir_normalisation){.mean = 0.25, .std = 0.5}, image);
        crop_mask(&c, &truth, SIDE, mask);
        for (int i = 0; i < SIDE * SIDE; i++) {
            const int x = i % SIDE, y = i / SIDE + TOP, at = y * WIDTH + x;
            want[i] = x < WIDTH ? (float)((at / 1000.0 - 0.25) / 0.5) : 0;
            want_mask[i] = x < WIDTH && at % 7 == 0;
        }
        turn_step_by_step(&c, want);
        turn_step_by_step(&c, want_mask);
        for (int i = 0; i < SIDE * SIDE; i++)
            good = good && fabsf(image[i] - want[i]) < 1e-6f && mask[i] == want_mask[i];
    }
    expect(good, "views are cut, padded with the mean, flipped and transposed");
    free(frame.pixel);
    free(truth.pixel);
}

int main(void)
{
    test_forced();
    test_corners();
    test_anywhere();
    test_views();
    return failures > 0;
}
