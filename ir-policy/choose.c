/* Choosing one of the strategies: number corruption * IR_LEVELS + level. */
#include "choose.h"

#include <math.h>
#include <string.h>

#include "base/base.h"

const char *const choice_set_names[SETS] = {"hrl", "random", "noise", "blur", "isp"};

/* ---- what is not played ---- */

/* Holds the corruptions that word, of this length, names: a group or a corruption. False if it is
 * neither. */
static bool hold(choice_held *held, const char *word, size_t length)
{
    bool known = false;
    for (int c = 0; c < IR_CORRUPTIONS; c++) {
        const ir_corruption_info *info = &ir_corruptions[c];
        const bool named = (strlen(info->name) == length && !strncmp(info->name, word, length)) ||
                           (strlen(info->group) == length && !strncmp(info->group, word, length));
        held->corruption[c] = held->corruption[c] || named;
        known = known || named;
    }
    return known;
}

choice_held choice_held_parse(const char *list)
{
    static const char separators[] = " ,";
    choice_held held = {.any = true};
    int played = IR_CORRUPTIONS;
    for (const char *word = list + strspn(list, separators); *word;
         word += strspn(word, separators)) {
        const size_t length = strcspn(word, separators);
        if (!hold(&held, word, length))
            ir_usage_die("--hold: '%.*s' is no group (noise, blur, isp) and no corruption that a "
                         "policy plays ('ir-corrupt --list' shows them)",
                         (int)length, word);
        word += length;
    }
    for (int c = 0; c < IR_CORRUPTIONS; c++)
        played -= held.corruption[c];
    if (played == IR_CORRUPTIONS)
        ir_usage_die("--hold: no corruption is named");
    if (played == 0)
        ir_usage_die("--hold: '%s' is every corruption: none is left to play", list);
    return held;
}

static bool is_held(const choice_held *held, int strategy)
{
    return held->corruption[strategy / IR_LEVELS];
}

void choice_restrict(const choice_held *held, float logp[IR_STRATEGIES])
{
    double left = 0;
    for (int k = 0; k < IR_STRATEGIES; k++)
        left += is_held(held, k) ? 0 : exp(logp[k]);
    for (int k = 0; k < IR_STRATEGIES; k++)
        logp[k] = is_held(held, k) ? -INFINITY : (float)(logp[k] - log(left));
}

void choice_restrict_gradient(const choice_held *held, const float logp[IR_STRATEGIES],
                              float gradient[IR_STRATEGIES])
{
    double sum = 0;
    for (int k = 0; k < IR_STRATEGIES; k++)
        sum += is_held(held, k) ? 0 : gradient[k];
    for (int k = 0; k < IR_STRATEGIES; k++)
        gradient[k] = is_held(held, k) ? 0 : (float)(gradient[k] - exp(logp[k]) * sum);
}

/* ---- distributions ---- */

void choice_uniform(enum choice_set set, const choice_held *held, float logp[IR_STRATEGIES])
{
    int size = 0;
    for (int i = 0; i < IR_STRATEGIES; i++) {
        const char *group = ir_corruptions[i / IR_LEVELS].group;
        const bool in =
            (set == SET_RANDOM || strcmp(group, choice_set_names[set]) == 0) && !is_held(held, i);
        logp[i] = in ? 0 : -INFINITY;
        size += in;
    }
    if (size == 0)
        ir_usage_die("--hold: nothing is left of the set '%s'", choice_set_names[set]);
    for (int i = 0; i < IR_STRATEGIES; i++)
        logp[i] -= (float)log(size);
}

int choice_draw(ir_rng *rng, const float logp[IR_STRATEGIES])
{
    double total = 0, sum = 0, point;
    int last = 0;
    for (int i = 0; i < IR_STRATEGIES; i++)
        total += exp(logp[i]);
    point = ir_rng_uniform(rng) * total;
    for (int i = 0; i < IR_STRATEGIES; i++) {
        double p = exp(logp[i]);
        if (p > 0)
            last = i;
        sum += p;
        if (point < sum)
            return i;
    }
    return last; /* point was within rounding of total */
}

void choice_to_record(int strategy, const ir_severities *severities, const float *logp,
                      ir_strategy *record)
{
    record->corruption = strategy / IR_LEVELS;
    record->severity = severities->level[strategy % IR_LEVELS];
    record->logp = fmin(logp[strategy], 0); /* never above 0, not even by rounding */
}

int choice_from_record(const ir_strategy *record, const ir_severities *severities,
                       const char *where)
{
    int level = ir_severities_level(severities, record->severity);
    if (record->corruption >= IR_CORRUPTIONS)
        ir_die("%s: %s is for testing alone: no policy plays it", where,
               ir_corruptions[record->corruption].name);
    if (level < 0)
        ir_die("%s: severity %d is none of the policy's %d %d %d", where, record->severity,
               severities->level[0], severities->level[1], severities->level[2]);
    return record->corruption * IR_LEVELS + level;
}
