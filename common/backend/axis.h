/* One axis of a bilinear resizing, as tables: for the backends. */
#ifndef IR_AXIS_H
#define IR_AXIS_H

#include <stdbool.h>

/* Forward: out[i] = (1 - t[i]) in[low[i]] + t[i] in[high[i]]. Backward: in[j] contributed to
 * count[j] outputs, from first[j] on, with the weights weight[at[j]], weight[at[j] + 1], ... low,
 * high and t have `outputs` elements; first, count and at `inputs`; weight `weights`. */
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
