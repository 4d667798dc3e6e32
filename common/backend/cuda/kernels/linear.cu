/* The fully connected layer and log-softmax, on (N,C,1,1). */
#include "device.h"

/* y[n,o] = bias[o] + sum_c weight[o,c] x[n,c] */
static void linear_forward(ir_backend *b, ir_call *call)
{
    const unsigned in = (unsigned)call->in[0]->shape.c, out = (unsigned)call->shape.c;
    const real *x = value_of(call->in[0]);
    const float *weight = call->weight->value, *bias = call->bias->value;
    map(cuda_of(b), value_of(call), volume(call->shape), false, [=] __device__(unsigned i) {
        const unsigned n = i / out, o = i % out;
        float sum = bias[o];
        for (unsigned c = 0; c < in; c++)
            sum += weight[o * in + c] * get(x, n * in + c);
        return sum;
    });
}

/* dweight[o,c] = sum_n dy[n,o] x[n,c],  dbias[o] = sum_n dy[n,o],
 * dx[n,c] = sum_o dy[n,o] weight[o,c] */
static void linear_backward(ir_backend *b, ir_call *call)
{
    const unsigned in = (unsigned)call->in[0]->shape.c, out = (unsigned)call->shape.c;
    const unsigned images = (unsigned)call->shape.n;
    const real *x = value_of(call->in[0]), *dy = grad_of(call);
    const float *weight = call->weight->value;
    map(cuda_of(b), call->weight->grad, out * in, false, [=] __device__(unsigned i) {
        float sum = 0;
        for (unsigned n = 0; n < images; n++)
            sum += get(dy, n * out + i / in) * get(x, n * in + i % in);
        return sum;
    });
    map(cuda_of(b), call->bias->grad, out, false, [=] __device__(unsigned o) {
        float sum = 0;
        for (unsigned n = 0; n < images; n++)
            sum += get(dy, n * out + o);
        return sum;
    });
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    map(cuda_of(b), grad_of(call->in[0]), images * in, adds(call, 0), [=] __device__(unsigned i) {
        float sum = 0;
        for (unsigned o = 0; o < out; o++)
            sum += get(dy, i / in * out + o) * weight[o * in + i % in];
        return sum;
    });
}

/* y[c] = x[c] - log sum_k exp(x[k]), with the maximum subtracted first; one thread for each image
 */
static void log_softmax_forward(ir_backend *b, ir_call *call)
{
    const unsigned channels = (unsigned)call->shape.c;
    const real *all = value_of(call->in[0]);
    real *to = value_of(call);
    each(cuda_of(b), (unsigned)call->shape.n, [=] __device__(unsigned n) {
        const real *x = all + n * channels;
        real *y = to + n * channels;
        float most = get(x, 0);
        for (unsigned c = 1; c < channels; c++)
            most = fmaxf(most, get(x, c));
        double sum = 0;
        for (unsigned c = 0; c < channels; c++)
            sum += exp((double)get(x, c) - most);
        for (unsigned c = 0; c < channels; c++)
            set(y, c, (float)((double)get(x, c) - most - log(sum)));
    });
}

/* dx[c] = dy[c] - exp(y[c]) sum_k dy[k] */
static void log_softmax_backward(ir_backend *b, ir_call *call)
{
    const unsigned channels = (unsigned)call->shape.c;
    const real *y = value_of(call), *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(call->shape), adds(call, 0),
        [=] __device__(unsigned i) {
            double sum = 0;
            for (unsigned k = 0; k < channels; k++)
                sum += get(dy, i / channels * channels + k);
            return (float)(get(dy, i) - exp((double)get(y, i)) * sum);
        });
}

const ir_op_table IR_NAME(ir_cuda_linear) = operation(nullptr, linear_forward, linear_backward);
const ir_op_table IR_NAME(ir_cuda_log_softmax) = operation(nullptr, log_softmax_forward,
                                                           log_softmax_backward);
