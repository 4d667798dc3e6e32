/* Putting channels from anywhere into the lanes of a block. */
#include "loops.h"

static const float zero;

/* One lane of a block, or a whole plane. */
static void gather_one(float *to, size_t width, lane_source from, size_t pixels, bool add)
{
    const float *value = from.value ? from.value : &zero;
    const size_t step = from.value ? from.step : 0;
    for (size_t p = 0; p < pixels; p++)
        to[p * width] = grad_of(to[p * width], value[p * step], add);
}

void IR_NAME(ir_cpu_gather_lanes)(float *to, int width, const lane_source *from, size_t pixels,
                                  bool add)
{
    for (int l = 0; l < width; l++)
        gather_one(to + l, (size_t)width, from[l], pixels, add);
}
