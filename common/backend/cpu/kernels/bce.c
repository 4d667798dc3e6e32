/* Binary cross-entropy of logits z and the truth y, the mean over groups of images:
 *
 *     mean of max(z, 0) - z y + log(1 + exp(-|z|)),   derivative by z: (sigmoid(z) - y) / pixels
 *
 * This form overflows for no z.
 */
#include <math.h>

#include "comm/comm.h"
#include "loops.h"

enum { FACTORS = 512 }; /* each from 1 to 2: their product stays below DBL_MAX */

/* A group's sum and number of pixels, over all processes where the group spans them. call->saved
 * has those of every group. */
typedef struct {
    double sum, pixels;
} group;

static void prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    call->saved_bytes = (size_t)call->shape.n * sizeof(group);
    call->scratch_bytes = (size_t)parts_of(call->in[0]->shape) * sizeof(double);
}

/* Sums of logarithms are logarithms of products. */
static double part_sum(const float *z, const float *y, size_t floats)
{
    double sum = 0;
    for (size_t first = 0; first < floats; first += FACTORS) {
        const size_t end = first + smaller(FACTORS, floats - first);
        double linear = 0, product = 1;
#pragma omp simd reduction(+ : linear) reduction(* : product)
        for (size_t i = first; i < end; i++) {
            const double positive = z[i] > 0 ? z[i] : 0;
            linear += positive - (double)z[i] * y[i];
            product *= 1 + (double)exponential(z[i] > 0 ? -z[i] : z[i]);
        }
        sum += linear + log(product);
    }
    return sum;
}

static double pixels_of_group(const ir_call *call)
{
    return (double)pixels_of(call->in[0]->shape) * call->group;
}

static void forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const int count = parts_of(s), each = parts_of_plane(s) * call->group;
    double *found = call->scratch;
    group *saved = call->saved;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        found[i] = part_sum(call->in[0]->value + p.at, call->in[1]->value + p.at, p.floats);
    }
    for (int k = 0; k < call->shape.n; k++) {
        double total = 0;
        for (int i = k * each; i < (k + 1) * each; i++)
            total += found[i];
        saved[k] = (group){total, pixels_of_group(call)};
    }
    if (b->comm && call->spans)
        ir_comm_sum_few(b->comm, (double *)saved, 2 * (size_t)call->shape.n);
    for (int k = 0; k < call->shape.n; k++)
        call->value[k] = (float)(saved[k].sum / saved[k].pixels);
}

static void backward(ir_backend *b, ir_call *call)
{
    (void)b;
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    const ir_shape s = call->in[0]->shape;
    const int count = parts_of(s);
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
    const group *saved = call->saved;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const int k = p.image / call->group;
        const float share = (float)(call->grad[k] / saved[k].pixels);
        const float *z = call->in[0]->value + p.at, *y = call->in[1]->value + p.at;
        float *dz = call->in[0]->grad + p.at;
#pragma omp simd
        for (size_t j = 0; j < p.floats; j++)
            dz[j] = grad_of(dz[j], share * (sigmoid_of(z[j]) - y[j]), add);
    }
}

const ir_op_table IR_NAME(ir_cpu_bce) = {
    .prepare = prepare, .forward = forward, .backward = backward};
