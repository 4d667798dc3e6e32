/* The optimizers' steps and averages on flat arrays; see backend/backend.h for the equations. */
#include "device.h"

/* The numbers of a tensor fit 32 bits (volume()); all parameters together might not. */
static unsigned checked(size_t count)
{
    if (count > 0xffffffffu)
        ir_die("cuda: %zu parameters are too many", count);
    return (unsigned)count;
}

void IR_NAME(ir_cuda_adam)(ir_cuda *cuda, float *x, const float *g, float *m, float *v,
                           size_t count, float step_size, double beta1, double beta2,
                           float root_scale, float eps)
{
    /* 1 - beta before rounding: in single precision .001 would be 1e-5 off */
    const float keep1 = (float)beta1, take1 = (float)(1 - beta1);
    const float keep2 = (float)beta2, take2 = (float)(1 - beta2);
    each(cuda, checked(count), [=] __device__(unsigned i) {
        const float one = keep1 * m[i] + take1 * g[i];
        const float two = keep2 * v[i] + take2 * g[i] * g[i];
        m[i] = one;
        v[i] = two;
        x[i] -= step_size * one / (sqrtf(two) * root_scale + eps);
    });
}

void IR_NAME(ir_cuda_sgd)(ir_cuda *cuda, float *x, const float *g, size_t count, float lr)
{
    map(cuda, x, checked(count), true, [=] __device__(unsigned i) { return -lr * g[i]; });
}

/* It multiplies by the smaller of the two weights, for the least rounding. */
void IR_NAME(ir_cuda_average)(ir_cuda *cuda, float *a, const float *x, size_t count, float weight)
{
    const bool to_x = weight >= 0.5f;
    const float factor = to_x ? weight - 1 : weight;
    each(cuda, checked(count),
         [=] __device__(unsigned i) { a[i] = (to_x ? x[i] : a[i]) + factor * (x[i] - a[i]); });
}
