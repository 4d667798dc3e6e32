/* Leaky ReLU and sigmoid: element by element, so the layout does not matter. */
#include "loops.h"

/* y = x > 0 ? x : slope x */
static void leaky_relu_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const float slope = (float)call->slope;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *x = call->in[0]->value + p.at;
        float *y = call->value + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            y[k] = rectify(x[k], slope);
    }
}

/* From the output alone: it has the input's sign. */
static void leaky_relu_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const float slope = (float)call->slope;
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *y = call->value + p.at, *dy = call->grad + p.at;
        float *dx = call->in[0]->grad + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            dx[k] = grad_of(dx[k], rectify_grad(y[k], slope, dy[k]), add);
    }
}

/* y = 1 / (1 + exp(-x)) */
static void sigmoid_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *x = call->in[0]->value + p.at;
        float *y = call->value + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            y[k] = sigmoid_of(x[k]);
    }
}

static void sigmoid_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts_of(s); i++) {
        const part p = part_at(s, i);
        const float *y = call->value + p.at, *dy = call->grad + p.at;
        float *dx = call->in[0]->grad + p.at;
#pragma omp simd
        for (size_t k = 0; k < p.floats; k++)
            dx[k] = grad_of(dx[k], dy[k] * y[k] * (1 - y[k]), add);
    }
}

const ir_op_table IR_NAME(ir_cpu_leaky_relu) = {.forward = leaky_relu_forward,
                                                .backward = leaky_relu_backward};
const ir_op_table IR_NAME(ir_cpu_sigmoid) = {.forward = sigmoid_forward,
                                             .backward = sigmoid_backward};
