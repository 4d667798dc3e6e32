/* Optimizer steps and averages on flat arrays; the formulas are in backend/backend.h. */
#include <math.h>

#include "loops.h"

void IR_NAME(ir_cpu_adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                          float step_size, double beta1, double beta2, float root_scale, float eps)
{
    (void)b;
    /* 1 - beta before rounding: in single precision .001 would be 1e-5 off */
    const float keep1 = (float)beta1, take1 = (float)(1 - beta1);
    const float keep2 = (float)beta2, take2 = (float)(1 - beta2);
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++) {
        m[i] = keep1 * m[i] + take1 * g[i];
        v[i] = keep2 * v[i] + take2 * g[i] * g[i];
        x[i] -= step_size * m[i] / (sqrtf(v[i]) * root_scale + eps);
    }
}

void IR_NAME(ir_cpu_sgd)(ir_backend *b, float *x, const float *g, size_t count, float lr)
{
    (void)b;
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++)
        x[i] -= lr * g[i];
}

/* It multiplies by the smaller of the two weights, for the least rounding. */
void IR_NAME(ir_cpu_average)(ir_backend *b, float *a, const float *x, size_t count, float weight)
{
    (void)b;
    const bool to_x = weight >= 0.5F;
    const float factor = to_x ? weight - 1 : weight;
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++)
        a[i] = (to_x ? x[i] : a[i]) + factor * (x[i] - a[i]);
}
