/* Batches of the image stream, at the strategy network's size. */
#include "batch.h"

#include <stdlib.h>

#include "base/base.h"
#include "policy.h"
#include "stream/resample.h"

static batch *make(int images)
{
    batch *b = ir_calloc(1, sizeof *b);
    const size_t size = (size_t)images;

    b->size = images;
    b->name = ir_calloc(size, sizeof *b->name);
    b->occurrence = ir_calloc(size, sizeof *b->occurrence);
    b->input = ir_calloc(size * POLICY_PIXELS, sizeof *b->input);
    b->logp = ir_calloc(size * IR_STRATEGIES, sizeof *b->logp);
    b->strategy = ir_calloc(size, sizeof *b->strategy);
    b->reward = ir_calloc(size, sizeof *b->reward);
    return b;
}

batch *batch_open(const options *o, double mean, double std)
{
    batch *b = make(o->batch);

    b->mean = mean;
    b->std = std;
    b->stream = ir_stream_open(o->operands, o->operand);
    if (o->maxval > 0)
        ir_stream_set_maxval(b->stream, o->maxval);
    b->tally = ir_tally_new();
    return b;
}

batch *batch_like(const batch *b)
{
    return make(b->size);
}

void batch_exchange(batch *a, batch *b)
{
    const batch was = *a;

    a->n = b->n, b->n = was.n;
    a->name = b->name, b->name = was.name;
    a->occurrence = b->occurrence, b->occurrence = was.occurrence;
    a->input = b->input, b->input = was.input;
    a->logp = b->logp, b->logp = was.logp;
    a->strategy = b->strategy, b->strategy = was.strategy;
    a->reward = b->reward, b->reward = was.reward;
}

static void add_image(batch *b)
{
    float *input = b->input + (size_t)b->n * POLICY_PIXELS;
    const float mean = (float)b->mean, scale = (float)(1 / b->std);

    ir_image_resample(&b->image, IR_STRATEGY_NET_SIDE, IR_STRATEGY_NET_SIDE, input);
    for (int i = 0; i < POLICY_PIXELS; i++)
        input[i] = (input[i] - mean) * scale;
    free(b->name[b->n]);
    b->name[b->n] = ir_strdup(b->image.name);
    b->occurrence[b->n] = ir_tally_count(b->tally, b->image.name);
    b->n++;
}

bool batch_read(batch *b)
{
    b->n = 0;
    while (b->n < b->size && ir_stream_next(b->stream, &b->image))
        add_image(b);
    return b->n > 0;
}

void batch_close(batch *b)
{
    for (int i = 0; i < b->size; i++)
        free(b->name[i]);
    free(b->name);
    free(b->occurrence);
    free(b->input);
    free(b->logp);
    free(b->strategy);
    free(b->reward);
    ir_image_free(&b->image);
    if (b->stream != NULL) {
        ir_tally_free(b->tally);
        ir_stream_close(b->stream);
    }
    free(b);
}
