/* The magnitude of a plane's gradient: differences of the pixels on either side, zeros outside. It
 * has no backward, since it is for images and masks. */
#include <math.h>

#include "loops.h"

static inline float magnitude(float v, float h)
{
    return sqrtf(v * v + h * h + 1e-6f);
}

/* One row of w pixels; above and below: the rows on either side, or NULL. */
static void row_magnitudes(float *y, const float *above, const float *x, const float *below, int w)
{
    for (int j = 0; j < w; j++) {
        const float v = (below ? below[j] : 0) - (above ? above[j] : 0);
        const float h = (j + 1 < w ? x[j + 1] : 0) - (j > 0 ? x[j - 1] : 0);
        y[j] = magnitude(v, h);
    }
}

static void forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int r = 0; r < s.n * s.h; r++) {
        const size_t at = (size_t)r * (size_t)s.w;
        const float *x = call->in[0]->value + at;
        row_magnitudes(call->value + at, r % s.h > 0 ? x - s.w : NULL, x,
                       r % s.h < s.h - 1 ? x + s.w : NULL, s.w);
    }
}

const ir_op_table IR_NAME(ir_cpu_gradient_magnitude) = {.forward = forward};
