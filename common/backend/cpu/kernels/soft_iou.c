/* The soft-IoU loss 1 - (I + 1) / U with I = sum p y, U = sum p + sum y - I + 1, over groups of
 * images. call->saved: I + 1 and U of each group, in double precision. */
#include "comm/comm.h"
#include "loops.h"

typedef struct {
    double both, p, y; /* sum p y, sum p, sum y */
} sums;

typedef struct {
    double above, below; /* I + 1, U */
} fraction;

static void prepare(ir_backend *b, ir_call *call)
{
    (void)b;
    call->saved_bytes = (size_t)call->shape.n * sizeof(fraction);
    call->scratch_bytes =
        ((size_t)parts_of(call->in[0]->shape) + (size_t)call->shape.n) * sizeof(sums);
}

static sums part_sums(const float *p, const float *y, size_t floats)
{
    double both = 0, sum_p = 0, sum_y = 0;
#pragma omp simd reduction(+ : both, sum_p, sum_y)
    for (size_t i = 0; i < floats; i++) {
        both += (double)p[i] * y[i];
        sum_p += p[i];
        sum_y += y[i];
    }
    return (sums){both, sum_p, sum_y};
}

static void forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->in[0]->shape;
    const int count = parts_of(s), each = parts_of_plane(s) * call->group;
    sums *found = call->scratch, *group = found + count;
    fraction *saved = call->saved;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        found[i] = part_sums(call->in[0]->value + p.at, call->in[1]->value + p.at, p.floats);
    }
    for (int k = 0; k < call->shape.n; k++) {
        sums total = {0};
        for (int i = k * each; i < (k + 1) * each; i++) {
            total.both += found[i].both;
            total.p += found[i].p;
            total.y += found[i].y;
        }
        group[k] = total;
    }
    if (b->comm && call->spans)
        ir_comm_sum_few(b->comm, (double *)group, 3 * (size_t)call->shape.n);
    for (int k = 0; k < call->shape.n; k++) {
        const sums total = group[k];
        saved[k] = (fraction){total.both + 1, total.p + total.y - total.both + 1};
        call->value[k] = (float)(1 - saved[k].above / saved[k].below);
    }
}

/* dL/dp = -(y U - (I + 1) (1 - y)) / U^2 = (I + 1) / U^2 - y (U + I + 1) / U^2 */
static void backward(ir_backend *b, ir_call *call)
{
    (void)b;
    if (call->grad_use[0] == IR_GRAD_NONE)
        return;
    const ir_shape s = call->in[0]->shape;
    const int count = parts_of(s);
    const bool add = call->grad_use[0] == IR_GRAD_ADD;
    const fraction *saved = call->saved;
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count; i++) {
        const part p = part_at(s, i);
        const int k = p.image / call->group;
        const fraction f = saved[k];
        const double square = f.below * f.below;
        const float constant = (float)(call->grad[k] * f.above / square);
        const float slope = (float)(call->grad[k] * (f.below + f.above) / square);
        const float *y = call->in[1]->value + p.at;
        float *dp = call->in[0]->grad + p.at;
#pragma omp simd
        for (size_t j = 0; j < p.floats; j++)
            dp[j] = grad_of(dp[j], constant - slope * y[j], add);
    }
}

const ir_op_table IR_NAME(ir_cpu_soft_iou) = {
    .prepare = prepare, .forward = forward, .backward = backward};
