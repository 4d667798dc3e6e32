/* Strategies and rewards. The first byte says which: R for rewards. What was read is written and
 * read once more: the second writing is the first's. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "contain.h"
#include "files.h"
#include "stream/record.h"

enum { MOST_WRITTEN = 1 << 16 };

typedef struct {
    bool rewards;
    const char *path;
    char *written; /* MOST_WRITTEN bytes */
    size_t length;
} pass;

static void write_one(pass *p, ir_records *records, bool *more)
{
    FILE *to = fmemopen(p->written + p->length, MOST_WRITTEN - p->length, "w");
    ir_strategy strategy;
    ir_reward reward;
    if (!to)
        fault("fmemopen failed");
    *more = p->rewards ? ir_reward_read(records, &reward) : ir_strategy_read(records, &strategy);
    if (*more && p->rewards)
        ir_reward_write(to, &reward);
    else if (*more)
        ir_strategy_write(to, &strategy);
    p->length += (size_t)ftell(to);
    fclose(to);
}

static void read_only(pass *p)
{
    ir_records *records = ir_records_open(p->path);
    ir_strategy strategy;
    ir_reward reward;
    while (p->rewards ? ir_reward_read(records, &reward) : ir_strategy_read(records, &strategy))
        continue;
    ir_records_close(records);
}

static void read_and_write(pass *p)
{
    ir_records *records = ir_records_open(p->path);
    bool more = true;
    while (more)
        write_one(p, records, &more);
    ir_records_close(records);
}

static void run(void *context)
{
    pass *p = context;
    if (!p->written)
        read_only(p);
    else
        read_and_write(p);
}

static void read_again(bool rewards)
{
    static char first[MOST_WRITTEN], second[MOST_WRITTEN];
    pass a = {rewards, "in", first, 0}, b = {rewards, "written", second, 0};
    if (!contain(run, &a))
        fault("refused the second time: %s", contained_message());
    files_add("written", first, a.length);
    if (!contain(run, &b))
        fault("what was written is refused: %s", contained_message());
    if (a.length != b.length || memcmp(first, second, a.length) != 0)
        fault("written otherwise the second time");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pass p = {.path = "in"};
    if (size == 0 || size > MOST_WRITTEN / 32)
        return -1;
    p.rewards = data[0] == 'R';
    files_clear();
    files_add("in", data + 1, size - 1);
    if (contain(run, &p) && size % 8 == 0)
        read_again(p.rewards);
    return 0;
}
