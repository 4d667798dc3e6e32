/* Masks: images whose samples mean true or false.
 *
 * A mask of 0 and its maxval says which is which. One of 0 and a single other value, such as masks
 * of 0 and 1 in 8 bits or of one palette colour, is true where it is not 0. Any other is true above
 * half of its maxval. A threshold given by hand takes the place of all three. */
#ifndef IR_MASK_H
#define IR_MASK_H

#include <stdbool.h>

#include "stream/image.h"

/* Turns one mask into 0 and its maxval by the rule above, and says nothing. */
void ir_mask_make_binary(ir_image *mask);

/* The sample v of an image that holds 0, v and nothing else, v below maxval; 0 for any other. */
int ir_mask_single_value(const ir_image *image);

/* What is known of a set of masks while they go by. */
typedef struct ir_masks ir_masks;

/* label: what the masks are called in messages, "mask" or "true mask". true_above: the threshold as
 * a fraction of maxval (--true-above); negative: not given. */
ir_masks *ir_masks_new(const char *label, double true_above);
void ir_masks_free(ir_masks *masks);

/* The value of --true-above, from 0 to below 1. */
double ir_masks_threshold(const char *text);

/* Turns the mask into one of 0 and its maxval, by which ir_image_true() is right, and counts it.
 * The first mask of 0 and another value than maxval is named in a warning. */
void ir_masks_read(ir_masks *masks, ir_image *mask);

/* Whether the mask, as its file has it, holds a true pixel. Counts nothing. */
bool ir_masks_has_target(const ir_masks *masks, const ir_image *mask);

/* Warns, once, of masks that held values between 0 and another one: how many, and the first's name.
 */
void ir_masks_warn(ir_masks *masks);

/* Dies when masks were read and none of them held a true pixel. */
void ir_masks_need_target(const ir_masks *masks);

#endif
