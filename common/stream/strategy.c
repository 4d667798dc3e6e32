/* The table of corruptions and the severities a policy plays with. */
#include <string.h>

#include "base/base.h"
#include "stream/strategy.h"

const ir_corruption_info ir_corruptions[IR_ALL_CORRUPTIONS] = {
#define IR_CORRUPTION(NAME, function, name, group, ...) [IR_##NAME] = {name, group},
#include "stream/corruptions.def"
};

int ir_corruption_index(const char *name)
{
    for (int i = 0; i < IR_ALL_CORRUPTIONS; i++)
        if (strcmp(ir_corruptions[i].name, name) == 0)
            return i;
    return -1;
}

ir_severities ir_severities_parse(const char *text)
{
    ir_severities s = {0};
    const char *separators = " ,", *c = text + strspn(text, separators);
    int n = 0, last = 0;
    while (*c && n < IR_LEVELS) {
        int level = *c - '0';
        if (level <= last || level > IR_SEVERITIES || (c[1] && !strchr(separators, c[1])))
            break;
        s.level[n++] = last = level;
        c += 1 + strspn(c + 1, separators);
    }
    if (*c || n != IR_LEVELS)
        ir_usage_die("severities: '%s' is not %d rising numbers from 1 to %d", text, IR_LEVELS,
                     IR_SEVERITIES);
    return s;
}

int ir_severities_level(const ir_severities *s, int severity)
{
    for (int i = 0; i < IR_LEVELS; i++)
        if (s->level[i] == severity)
            return i;
    return -1;
}
