/* The losses over groups of images, always in single precision, and the gradient magnitude, which
 * ISNet's edge loss compares with. */
#include "device.h"

/* The number of pixels of a group of images of in[0]. */
static unsigned group_pixels(const ir_call *call)
{
    return pixels_of(call->in[0]->shape) * (unsigned)call->group;
}

/* ---- soft-IoU: 1 - (I + 1) / U, I = sum p y, U = sum p + sum y - I + 1 --------------------------
 *
 * call->saved: the two fractions of each group's derivative,
 *
 *     dL/dp = (I + 1) / U^2 - y (U + I + 1) / U^2 */

struct fractions {
    double first, second;
};

static void soft_iou_prepare(ir_backend *, ir_call *call)
{
    call->saved_bytes = (size_t)call->shape.n * sizeof(fractions);
    call->scratch_bytes = sum_scratch(3, (size_t)call->shape.n, group_pixels(call), 1);
}

static void soft_iou_forward(ir_backend *b, ir_call *call)
{
    const real *p = value_of(call->in[0]), *y = value_of(call->in[1]);
    float *loss = call->value;
    fractions *saved = static_cast<fractions *>(call->saved);
    sum_rows<3>(
        cuda_of(b), call->scratch, (unsigned)call->shape.n, group_pixels(call), 1,
        [=] __device__(unsigned i, unsigned, double *sum) {
            const double one = get(p, i), other = get(y, i);
            sum[0] += one * other;
            sum[1] += one;
            sum[2] += other;
        },
        [=] __device__(unsigned group, unsigned, const double *total) {
            const double above = total[0] + 1, below = total[1] + total[2] - total[0] + 1;
            const double share = 1 / (below * below);
            saved[group] = {share * above, share * (below + above)};
            loss[group] = (float)(1 - above / below);
        });
}

static void soft_iou_backward(ir_backend *b, ir_call *call)
{
    const unsigned pixels = group_pixels(call);
    const real *y = value_of(call->in[1]);
    const float *dloss = call->grad;
    const fractions *saved = static_cast<fractions *>(call->saved);
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    map(cuda_of(b), grad_of(call->in[0]), volume(call->in[0]->shape), adds(call, 0),
        [=] __device__(unsigned i) {
            const unsigned group = i / pixels;
            const fractions f = saved[group];
            const double up = dloss[group];
            return (float)(up * f.first) - (float)(up * f.second) * get(y, i);
        });
}

/* ---- binary cross-entropy of logits -------------------------------------------------------------
 *
 * The mean of max(z, 0) - z y + log(1 + exp(-|z|)), its derivative by z: (sigmoid(z) - y) / pixels
 */

static void bce_prepare(ir_backend *, ir_call *call)
{
    call->scratch_bytes = sum_scratch(1, (size_t)call->shape.n, group_pixels(call), 1);
}

static void bce_forward(ir_backend *b, ir_call *call)
{
    const unsigned pixels = group_pixels(call);
    const real *z = value_of(call->in[0]), *y = value_of(call->in[1]);
    float *loss = call->value;
    sum_rows<1>(
        cuda_of(b), call->scratch, (unsigned)call->shape.n, pixels, 1,
        [=] __device__(unsigned i, unsigned, double *sum) {
            const float logit = get(z, i);
            sum[0] += fmaxf(logit, 0) - (double)logit * get(y, i) + log1pf(expf(-fabsf(logit)));
        },
        [=] __device__(unsigned group, unsigned, const double *total) {
            loss[group] = (float)(total[0] / pixels);
        });
}

static void bce_backward(ir_backend *b, ir_call *call)
{
    const unsigned pixels = group_pixels(call);
    const real *z = value_of(call->in[0]), *y = value_of(call->in[1]);
    const float *dloss = call->grad;
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    map(cuda_of(b), grad_of(call->in[0]), volume(call->in[0]->shape), adds(call, 0),
        [=] __device__(unsigned i) {
            const float share = dloss[i / pixels] / (float)pixels;
            return share * (sigmoid_of(get(z, i)) - get(y, i));
        });
}

/* ---- sqrt(v^2 + h^2 + 1e-6) of the differences of the pixels on either side, zeros outside
 * -------
 *
 * No backward: it is for images and masks. */
static void gradient_forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->shape;
    const real *x = value_of(call->in[0]);
    map(cuda_of(b), value_of(call), volume(s), false, [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        const unsigned w = (unsigned)s.w;
        const float v = (p.y + 1 < s.h ? get(x, i + w) : 0) - (p.y > 0 ? get(x, i - w) : 0);
        const float h = (p.x + 1 < s.w ? get(x, i + 1) : 0) - (p.x > 0 ? get(x, i - 1) : 0);
        return sqrtf(v * v + h * h + 1e-6f);
    });
}

const ir_op_table IR_NAME(ir_cuda_soft_iou) = operation(soft_iou_prepare, soft_iou_forward,
                                                        soft_iou_backward);
const ir_op_table IR_NAME(ir_cuda_bce) = operation(bce_prepare, bce_forward, bce_backward);
const ir_op_table IR_NAME(ir_cuda_gradient_magnitude) = operation(nullptr, gradient_forward,
                                                                  nullptr);
