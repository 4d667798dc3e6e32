/* The corruptions by name and group, and the strategies made of them.
 *
 * A strategy is a corruption at a severity, numbered corruption * IR_LEVELS + level. Corruptions of
 * the group "camera", the last ones, are for testing alone and are no strategies. */
#ifndef IR_STRATEGY_H
#define IR_STRATEGY_H

enum { IR_SEVERITIES = 5, IR_LEVELS = 3 };

enum {
#define IR_CORRUPTION(NAME, ...) IR_##NAME,
#define IR_CAMERA_CORRUPTION(...)
#include "stream/corruptions.def"
    IR_CORRUPTIONS, /* those that a strategy can be */
    IR_LAST_PLAYED = IR_CORRUPTIONS - 1,
#define IR_CORRUPTION(...)
#define IR_CAMERA_CORRUPTION(NAME, ...) IR_##NAME,
#include "stream/corruptions.def"
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
