/* One synthetic infrared scene: background, sensor, targets, and the mask that is true by
 * construction. */
#ifndef IR_SCENE_H
#define IR_SCENE_H

#include "base/philox.h"
#include "field.h"
#include "stream/image.h"

enum { SCENE_MAX_TARGETS = 4, SCENE_MIN_SIDE = 64, SCENE_MAX_SIDE = 4096 };

/* A Gaussian spot. across: the full width at half maximum of its long axis, 2 to 9 pixels.
 * scr: (peak - local mean) / local standard deviation, both over the background, noise included,
 * within SCENE_RING pixels around the target. */
typedef struct {
    double x, y, across, aspect, angle;
    double scr, amplitude;
} scene_target;

enum { SCENE_RING = 10 };

typedef struct {
    int width, height;
    float *sample;  /* the scene, 0..1 before clipping */
    uint8_t *truth; /* 1 where some noise-free target is above half of its peak */
    scene_target target[SCENE_MAX_TARGETS];
    int targets; /* 1 to 4 */
} scene;

scene *scene_new(int width, int height);
void scene_free(scene *s);

/* Everything about the scene comes from rng. */
void scene_make(scene *s, field_maker *maker, ir_rng *rng);

/* The frame of 2^bits grey levels, and the mask of 0 and 255. */
void scene_frame(const scene *s, int bits, ir_image *frame);
void scene_mask(const scene *s, ir_image *mask);

#endif
