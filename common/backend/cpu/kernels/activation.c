/* Leaky ReLU and sigmoid: element by element, so the layout does not matter. */
#include "loops.h"

/* y = x > 0 ? x : slope x */
static void leaky_relu_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const float slope = (float)node->slope;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *x = node->in[0]->value + p.at;
        float *y = node->value + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            y[k] = rectify(x[k], slope);
    }
}

/* From the output alone: it has the input's sign. */
static void leaky_relu_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const float slope = (float)node->slope;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *y = node->value + p.at, *dy = node->grad + p.at;
        float *dx = node->in[0]->grad + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            dx[k] = grad_of(dx[k], rectify_grad(y[k], slope, dy[k]), add);
    }
}

/* exp(x) for |x| <= 87: x = n log 2 + r, |r| <= log(2)/2, exp(r) by its series to the power of 7,
 * whose rest is below 6e-9; 2^n by its exponent bits. Unlike expf() it becomes vector code. */
static inline float exponential(float x)
{
    const float log2_high = 0x1.62ep-1f, log2_low = 0x1.0bfbe8p-15f; /* their sum is log 2 */
    const float magic = 0x1.8p23f; /* adding it rounds to an integer */
    const float shifted = x * 0x1.715476p+0f + magic, n = shifted - magic;
    const float r = (x - n * log2_high) - n * log2_low;
    float e = 1 / 5040.0f;
    e = e * r + 1 / 720.0f;
    e = e * r + 1 / 120.0f;
    e = e * r + 1 / 24.0f;
    e = e * r + 1 / 6.0f;
    e = e * r + 0.5f;
    e = e * r + 1;
    e = e * r + 1;
    union {
        uint32_t bits;
        float value;
    } power = {.bits = (uint32_t)((int32_t)n + 127) << 23};
    return e * power.value;
}

/* y = 1 / (1 + exp(-x)) */
static void sigmoid_forward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *x = node->in[0]->value + p.at;
        float *y = node->value + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++) {
            const float low = x[k] < -87 ? -87 : x[k], z = low > 87 ? 87 : low;
            y[k] = 1 / (1 + exponential(-z));
        }
    }
}

static void sigmoid_backward(ir_backend *b, ir_node *node)
{
    (void)b;
    const ir_shape s = node->shape;
    const bool add = node->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *y = node->value + p.at, *dy = node->grad + p.at;
        float *dx = node->in[0]->grad + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            dx[k] = grad_of(dx[k], dy[k] * y[k] * (1 - y[k]), add);
    }
}

const ir_op_table IR_NAME(ir_cpu_leaky_relu) = {NULL, leaky_relu_forward, leaky_relu_backward,
                                                NULL};
const ir_op_table IR_NAME(ir_cpu_sigmoid) = {NULL, sigmoid_forward, sigmoid_backward, NULL};
