/* Masks: images whose samples mean true or false.
 *
 * In a mask of 0 and its maxval, maxval is true. In a mask of 0 and one other value, such as 0 and
 * 1 in 8 bits or one palette colour, the other value is true. In any other mask, values above half
 * of maxval are true. A threshold from the user replaces all three rules. */
#ifndef IR_MASK_H
#define IR_MASK_H

#include <stdbool.h>

#include "stream/image.h"

/* Turns a mask into one of 0 and its maxval by these rules, without a warning. */
void ir_mask_make_binary(ir_image *mask);

/* If the image holds only 0 and one other value below maxval, that value; else 0. */
int ir_mask_single_value(const ir_image *image);

/* What is known so far of a set of masks. */
typedef struct ir_masks ir_masks;

/* label: the word for these masks in messages, "mask" or "true mask". true_above: the threshold as
 * a fraction of maxval (--true-above); negative: not given. */
ir_masks *ir_masks_new(const char *label, double true_above);
void ir_masks_free(ir_masks *masks);

/* The value of --true-above, from 0 to below 1. */
double ir_masks_threshold(const char *text);

/* Turns the mask into one of 0 and its maxval, as ir_image_true() needs it, and counts it. Warns of
 * the first mask of 0 and a value other than maxval. */
void ir_masks_read(ir_masks *masks, ir_image *mask);

/* Whether a mask, as it was read, holds a true pixel. Counts nothing. */
bool ir_masks_has_target(const ir_masks *masks, const ir_image *mask);

/* Warns, once, of masks with values between 0 and maxval: their number and the first one's name. */
void ir_masks_warn(ir_masks *masks);

/* Dies when masks were read and none of them held a true pixel. */
void ir_masks_need_target(const ir_masks *masks);

#endif
