/* What a mask's samples mean: see mask.h. */
#include "stream/mask.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/wide.h"

struct ir_masks {
    const char *label;
    double true_above;
    long count, with_target;
    bool said_two;    /* that a mask of two values was read by its own */
    long between;     /* masks of more values than that */
    char *first_name; /* of these */
    bool warned;      /* of these */
};

ir_masks *ir_masks_new(const char *label, double true_above)
{
    ir_masks *masks = ir_calloc(1, sizeof *masks);
    masks->label = label;
    masks->true_above = true_above;
    return masks;
}

void ir_masks_free(ir_masks *masks)
{
    if (!masks)
        return;
    free(masks->first_name);
    free(masks);
}

double ir_masks_threshold(const char *text)
{
    const double x = ir_real(text, 0, 1, "--true-above");
    if (x == 1)
        ir_usage_die("--true-above: no sample is above 1 of maxval");
    return x;
}

/* ---- samples --------------------------------------------------------------------------------- */

static size_t pixels(const ir_image *mask)
{
    return (size_t)mask->width * (size_t)mask->height;
}

/* Whether every sample is 0 or value. */
IR_WIDE static bool holds_only(const ir_image *mask, uint16_t value)
{
    const uint16_t *pixel = mask->pixel;
    const size_t n = pixels(mask);
    uint16_t other = 0;
#pragma omp simd reduction(| : other)
    for (size_t i = 0; i < n; i++)
        other |= pixel[i] != 0 ? pixel[i] ^ value : 0;
    return other == 0;
}

IR_WIDE static void find_range(const ir_image *mask, uint16_t *smallest, uint16_t *largest)
{
    const uint16_t *pixel = mask->pixel;
    const size_t n = pixels(mask);
    uint16_t low = UINT16_MAX, high = 0;
#pragma omp simd reduction(min : low) reduction(max : high)
    for (size_t i = 0; i < n; i++) {
        low = pixel[i] < low ? pixel[i] : low;
        high = pixel[i] > high ? pixel[i] : high;
    }
    *smallest = low;
    *largest = high;
}

int ir_mask_single_value(const ir_image *image)
{
    uint16_t smallest, largest;
    find_range(image, &smallest, &largest);
    return smallest == 0 && largest < image->maxval && holds_only(image, largest) ? largest : 0;
}

/* ---- the rule -------------------------------------------------------------------------------- */

typedef enum { PLAIN, TWO_VALUES, BETWEEN, GIVEN } mask_kind;

typedef struct {
    mask_kind kind;
    int level;   /* the smallest true sample */
    int largest; /* sample of all */
} reading;

static reading look_at(double true_above, const ir_image *mask)
{
    uint16_t smallest, largest;
    find_range(mask, &smallest, &largest);
    reading r = {PLAIN, mask->maxval, largest};
    if (true_above >= 0) {
        r.kind = GIVEN;
        r.level = ir_image_level_above(true_above, mask->maxval);
    } else if (ir_mask_single_value(mask) > 0) {
        r.kind = TWO_VALUES;
        r.level = largest;
    } else if (!holds_only(mask, largest) || (smallest > 0 && largest < mask->maxval)) {
        r.kind = BETWEEN;
        r.level = mask->maxval / 2 + 1;
    }
    return r;
}

static void apply(const reading *r, ir_image *mask)
{
    const size_t n = pixels(mask);
    if (r->kind == PLAIN)
        return;
    for (size_t i = 0; i < n; i++)
        mask->pixel[i] = mask->pixel[i] >= r->level ? (uint16_t)mask->maxval : 0;
}

void ir_mask_make_binary(ir_image *mask)
{
    const reading r = look_at(-1, mask);
    apply(&r, mask);
}

bool ir_masks_has_target(const ir_masks *masks, const ir_image *mask)
{
    const reading r = look_at(masks->true_above, mask);
    return r.largest >= r.level;
}

static void say_two(ir_masks *masks, const ir_image *mask, int value)
{
    if (!masks->said_two)
        ir_warn("%s: the %s holds 0 and %d, the maxval is %d: %d is taken as true, as in every "
                "other of two values (--true-above says otherwise)",
                mask->name, masks->label, value, mask->maxval, value);
    masks->said_two = true;
}

static void count_between(ir_masks *masks, const ir_image *mask)
{
    if (masks->between++ == 0)
        masks->first_name = ir_strdup(mask->name);
}

void ir_masks_read(ir_masks *masks, ir_image *mask)
{
    const reading r = look_at(masks->true_above, mask);
    masks->count++;
    masks->with_target += r.largest >= r.level;
    if (r.kind == TWO_VALUES)
        say_two(masks, mask, r.largest);
    if (r.kind == BETWEEN)
        count_between(masks, mask);
    apply(&r, mask);
}

void ir_masks_warn(ir_masks *masks)
{
    if (masks->between > 0 && !masks->warned)
        ir_warn("%ld of %ld %ss %s not binary (the first: %s): true is what lies above half of "
                "maxval (--true-above says otherwise)",
                masks->between, masks->count, masks->label, masks->between == 1 ? "is" : "are",
                masks->first_name);
    masks->warned = true;
}

void ir_masks_need_target(const ir_masks *masks)
{
    if (masks->count > 0 && masks->with_target == 0)
        ir_die("no target in %ld %s%s (--true-above sets which pixels are true)", masks->count,
               masks->label, masks->count == 1 ? "" : "s");
}
