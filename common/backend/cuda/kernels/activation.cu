/* Leaky ReLU and sigmoid. */
#include "device.h"

/* y = x > 0 ? x : slope x */
static void leaky_relu_forward(ir_backend *b, ir_call *call)
{
    const float slope = (float)call->slope;
    const real *x = value_of(call->in[0]);
    map(cuda_of(b), value_of(call), volume(call->shape), false,
        [=] __device__(unsigned i) { return rectify(get(x, i), slope); });
}

/* From the output alone: it has the input's sign. */
static void leaky_relu_backward(ir_backend *b, ir_call *call)
{
    const float slope = (float)call->slope;
    const real *y = value_of(call), *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(call->shape), adds(call, 0),
        [=] __device__(unsigned i) { return rectify_grad(get(y, i), slope, get(dy, i)); });
}

/* y = 1 / (1 + exp(-x)) */
static void sigmoid_forward(ir_backend *b, ir_call *call)
{
    const real *x = value_of(call->in[0]);
    map(cuda_of(b), value_of(call), volume(call->shape), false,
        [=] __device__(unsigned i) { return sigmoid_of(get(x, i)); });
}

static void sigmoid_backward(ir_backend *b, ir_call *call)
{
    const real *y = value_of(call), *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(call->shape), adds(call, 0),
        [=] __device__(unsigned i) { return get(dy, i) * get(y, i) * (1 - get(y, i)); });
}

const ir_op_table IR_NAME(ir_cuda_leaky_relu) = operation(nullptr, leaky_relu_forward,
                                                          leaky_relu_backward);
const ir_op_table IR_NAME(ir_cuda_sigmoid) = operation(nullptr, sigmoid_forward, sigmoid_backward);
