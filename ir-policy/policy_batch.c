/* Memory of batches. */
#include "policy_batch.h"

#include <stdlib.h>

#include "base/base.h"
#include "policy.h"

batch *batch_new(int capacity)
{
    batch *b = ir_calloc(1, sizeof *b);
    const size_t images = (size_t)capacity;
    b->capacity = capacity;
    b->name = ir_calloc(images, sizeof *b->name);
    b->occurrence = ir_calloc(images, sizeof *b->occurrence);
    b->input = ir_calloc(images * POLICY_PIXELS, sizeof *b->input);
    b->logp = ir_calloc(images * IR_STRATEGIES, sizeof *b->logp);
    b->strategy = ir_calloc(images, sizeof *b->strategy);
    b->reward = ir_calloc(images, sizeof *b->reward);
    return b;
}

void batch_free(batch *b)
{
    if (!b)
        return;
    for (int i = 0; i < b->capacity; i++)
        free(b->name[i]);
    free(b->name);
    free(b->occurrence);
    free(b->input);
    free(b->logp);
    free(b->strategy);
    free(b->reward);
    free(b);
}
