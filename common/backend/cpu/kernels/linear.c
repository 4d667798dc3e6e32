/* The fully connected layer and log-softmax, on (N,C,1,1): each image is a row of channels, padded
 * to whole blocks. */
#include <math.h>

#include "loops.h"

/* Floats from one image to the next. */
static size_t stride_of(ir_shape s)
{
    return (size_t)blocks(s.c) * (size_t)lanes(s.c);
}

static float dot(const float *a, const float *b, int count)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* y[n,o] = bias[o] + sum_c weight[o,c] x[n,c] */
static void linear_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape, t = call->shape;
    for (int n = 0; n < t.n; n++) {
        const float *x = call->in[0]->value + (size_t)n * stride_of(s);
        float *y = call->value + (size_t)n * stride_of(t);
        for (int o = 0; o < t.c; o++)
            y[o] =
                call->bias->value[o] + dot(call->weight->value + (size_t)o * (size_t)s.c, x, s.c);
        for (size_t o = (size_t)t.c; o < stride_of(t); o++)
            y[o] = 0;
    }
}

/* dweight[o,c] = sum_n dy[n,o] x[n,c],  dbias[o] = sum_n dy[n,o] */
static void linear_parameters(ir_call *call)
{
    const ir_shape s = call->in[0]->shape, t = call->shape;
    for (int o = 0; o < t.c; o++) {
        float *dw = call->weight->grad + (size_t)o * (size_t)s.c, bias = 0;
        for (int c = 0; c < s.c; c++)
            dw[c] = 0;
        for (int n = 0; n < t.n; n++) {
            const float dy = call->grad[(size_t)n * stride_of(t) + (size_t)o];
            const float *x = call->in[0]->value + (size_t)n * stride_of(s);
            bias += dy;
#pragma omp simd
            for (int c = 0; c < s.c; c++)
                dw[c] += dy * x[c];
        }
        call->bias->grad[o] = bias;
    }
}

/* dx[n,c] = sum_o dy[n,o] weight[o,c] */
static void linear_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->in[0]->shape, t = call->shape;
    linear_parameters(call);
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    for (int n = 0; n < s.n; n++) {
        float *dx = call->in[0]->grad + (size_t)n * stride_of(s);
        for (size_t c = 0; call->grad_use[0] == IR_GRAD_WRITE && c < stride_of(s); c++)
            dx[c] = 0;
        for (int o = 0; o < t.c; o++) {
            const float dy = call->grad[(size_t)n * stride_of(t) + (size_t)o];
            const float *weight = call->weight->value + (size_t)o * (size_t)s.c;
#pragma omp simd
            for (int c = 0; c < s.c; c++)
                dx[c] += dy * weight[c];
        }
    }
}

/* y[c] = x[c] - log sum_k exp(x[k]), with the maximum subtracted first */
static void log_softmax_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    for (int n = 0; n < s.n; n++) {
        const float *x = call->in[0]->value + (size_t)n * stride_of(s);
        float *y = call->value + (size_t)n * stride_of(s), most = x[0];
        double sum = 0;
        for (int c = 1; c < s.c; c++)
            most = x[c] > most ? x[c] : most;
        for (int c = 0; c < s.c; c++)
            sum += exp((double)x[c] - most);
        for (int c = 0; c < s.c; c++)
            y[c] = (float)((double)x[c] - most - log(sum));
        for (size_t c = (size_t)s.c; c < stride_of(s); c++)
            y[c] = 0;
    }
}

/* dx[c] = dy[c] - exp(y[c]) sum_k dy[k] */
static void log_softmax_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const ir_shape s = call->shape;
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
    for (int n = 0; n < s.n; n++) {
        const size_t at = (size_t)n * stride_of(s);
        const float *y = call->value + at, *dy = call->grad + at;
        float *dx = call->in[0]->grad + at;
        double sum = 0;
        for (int c = 0; c < s.c; c++)
            sum += dy[c];
        for (int c = 0; c < (int)stride_of(s); c++)
            dx[c] = grad_of(dx[c], c < s.c ? (float)(dy[c] - exp(y[c]) * sum) : 0, add);
    }
}

const ir_op_table IR_NAME(ir_cpu_linear) = {.forward = linear_forward, .backward = linear_backward};
const ir_op_table IR_NAME(ir_cpu_log_softmax) = {.forward = log_softmax_forward,
                                                 .backward = log_softmax_backward};
