/* The corruptions by name and group, and the strategies made of them.
 *
 * A strategy is one of the first ten corruptions at a severity. With three severity levels there
 * are 30, numbered corruption * 3 + level: the outputs of the strategy network. The group "camera"
 * comes after them: it is for testing alone, and no strategy can be one of it. */
#ifndef IR_STRATEGY_H
#define IR_STRATEGY_H

enum { IR_SEVERITIES = 5, IR_LEVELS = 3 };

enum {
    IR_GAUSSIAN_NOISE,
    IR_SHOT_NOISE,
    IR_IMPULSE_NOISE,
    IR_DEFOCUS_BLUR,
    IR_MOTION_BLUR,
    IR_GAUSSIAN_BLUR,
    IR_BRIGHTNESS,
    IR_CONTRAST,
    IR_PIXELATE,
    IR_JPEG,
    IR_CORRUPTIONS, /* those that a strategy can be */
    IR_FIXED_PATTERN = IR_CORRUPTIONS,
    IR_BAD_PIXELS,
    IR_BANDING,
    IR_VIGNETTE,
    IR_LAG,
    IR_HAZE,
    IR_JITTER,
    IR_GLARE,
    IR_AGC,
    IR_DROPPED_LINES,
    IR_ALL_CORRUPTIONS
};
enum { IR_STRATEGIES = IR_CORRUPTIONS * IR_LEVELS };

typedef struct {
    const char *name;  /* "gaussian-noise" */
    const char *group; /* "noise", "blur", "isp" or "camera" */
} ir_corruption_info;

extern const ir_corruption_info ir_corruptions[IR_ALL_CORRUPTIONS];

int ir_corruption_index(const char *name); /* -1: unknown */

/* The three levels a policy plays with; 1, 3, 5 unless said otherwise. */
typedef struct {
    int level[IR_LEVELS];
} ir_severities;
ir_severities ir_severities_parse(const char *text); /* "1 3 5" or "1,3,5", rising; usage error */
int ir_severities_level(const ir_severities *s, int severity); /* 0..2, or -1 */

#endif
