/* Images read, scaled to the strategy network's size and normalised. */
#include "batch_stream.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/name_counter.h"
#include "policy.h"
#include "stream/resample.h"
#include "stream/stream.h"

struct batch_stream {
    ir_stream *stream;
    ir_name_counter *names;
    ir_image image;
    double mean, std;
};

batch_stream *batch_stream_open(const options *o, double mean, double std)
{
    batch_stream *s = ir_calloc(1, sizeof *s);
    s->mean = mean;
    s->std = std;
    s->stream = ir_stream_open(o->operands, o->operand);
    if (o->maxval > 0)
        ir_stream_set_maxval(s->stream, o->maxval);
    s->names = ir_name_counter_new();
    return s;
}

static void add_image(batch_stream *s, batch *b)
{
    float *input = b->input + (size_t)b->n * POLICY_PIXELS;
    const float mean = (float)s->mean, scale = (float)(1 / s->std);
    ir_image_resample(&s->image, IR_STRATEGY_NET_SIDE, IR_STRATEGY_NET_SIDE, input);
    for (int i = 0; i < POLICY_PIXELS; i++)
        input[i] = (input[i] - mean) * scale;
    free(b->name[b->n]);
    b->name[b->n] = ir_strdup(s->image.name);
    b->occurrence[b->n] = ir_count_name(s->names, s->image.name);
    b->n++;
}

bool batch_stream_next(batch_stream *s, batch *b)
{
    b->n = 0;
    while (b->n < b->capacity && ir_stream_next(s->stream, &s->image))
        add_image(s, b);
    return b->n > 0;
}

void batch_stream_close(batch_stream *s)
{
    ir_image_free(&s->image);
    ir_name_counter_free(s->names);
    ir_stream_close(s->stream);
    free(s);
}
