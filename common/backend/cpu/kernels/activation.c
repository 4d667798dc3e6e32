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
        for (size_t k = 0; k < p.floats; k++)
            y[k] = sigmoid_of(x[k]);
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

const ir_op_table IR_NAME(ir_cpu_leaky_relu) = {.forward = leaky_relu_forward,
                                                .backward = leaky_relu_backward};
const ir_op_table IR_NAME(ir_cpu_sigmoid) = {.forward = sigmoid_forward,
                                             .backward = sigmoid_backward};
