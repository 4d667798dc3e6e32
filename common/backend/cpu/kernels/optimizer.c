/* Optimizer steps on flat arrays; the formulas are in backend/backend.h. */
#include <math.h>

#include "loops.h"

void IR_NAME(ir_cpu_adam)(ir_backend *b, float *x, const float *g, float *m, float *v, size_t count,
                          float step_size, float beta1, float beta2, float root_scale, float eps)
{
    (void)b;
#pragma omp parallel for simd schedule(static) if (count > SMALL)
    for (size_t i = 0; i < count; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
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
