/* Tables for bilinear resizing along one axis: see axis.h. */
#include "backend/axis.h"

#include <stdlib.h>

#include "base/base.h"

static double position(int i, int in, int out, bool align_corners)
{
    if (align_corners)
        return out > 1 ? (double)i * (in - 1) / (out - 1) : 0;
    const double at = (i + 0.5) * in / out - 0.5;
    return at > 0 ? at : 0;
}

/* The weights of the way back, from the others. */
static void invert(ir_axis *a)
{
    for (int i = a->outputs - 1; i >= 0; i--)
        a->first[a->low[i]] = a->first[a->high[i]] = i;
    for (int i = 0; i < a->outputs; i++)
        for (int j = a->low[i]; j <= a->high[i]; j++)
            a->count[j] = i + 1 - a->first[j];
    for (int j = 0; j < a->inputs; j++) {
        a->at[j] = a->weights;
        for (int k = 0; k < a->count[j]; k++) {
            const int i = a->first[j] + k;
            a->weight[a->weights++] =
                (a->low[i] == j ? 1 - a->t[i] : 0) + (a->high[i] == j ? a->t[i] : 0);
        }
    }
}

ir_axis ir_axis_make(int in, int out, bool align_corners)
{
    ir_axis a = {.inputs = in,
                 .outputs = out,
                 .low = ir_calloc((size_t)out, sizeof(int)),
                 .high = ir_calloc((size_t)out, sizeof(int)),
                 .first = ir_calloc((size_t)in, sizeof(int)),
                 .count = ir_calloc((size_t)in, sizeof(int)),
                 .at = ir_calloc((size_t)in, sizeof(int)),
                 .t = ir_calloc((size_t)out, sizeof(float)),
                 .weight = ir_calloc(2 * (size_t)out, sizeof(float))};
    for (int i = 0; i < out; i++) {
        const double at = position(i, in, out, align_corners);
        a.low[i] = at < in - 1 ? (int)at : in - 1;
        a.high[i] = a.low[i] < in - 1 ? a.low[i] + 1 : in - 1;
        a.t[i] = (float)(at - a.low[i]);
    }
    invert(&a);
    return a;
}

void ir_axis_free(ir_axis a)
{
    free(a.low);
    free(a.high);
    free(a.first);
    free(a.count);
    free(a.at);
    free(a.t);
    free(a.weight);
}
