/* One axis of a bilinear resizing, as tables: for the backends. */
#ifndef IR_AXIS_H
#define IR_AXIS_H

#include <stdbool.h>

/* out[i] = (1 - t[i]) in[low[i]] + t[i] in[high[i]]. For the way back: in[j] was read by the
 * count[j] outputs from first[j] on, weight[at[j]], weight[at[j] + 1], ... of it. low, high and t
 * have `outputs` elements, first, count and at `inputs`, weight `weights`. */
typedef struct {
    int inputs, outputs, weights;
    int *low, *high, *first, *count, *at;
    float *t, *weight;
} ir_axis;

/* align_corners: the centres of the corner pixels meet; otherwise their outer corners do, as in
 * PyTorch's interpolate. Positions are computed in double precision. */
ir_axis ir_axis_make(int in, int out, bool align_corners);
void ir_axis_free(ir_axis a);

#endif
