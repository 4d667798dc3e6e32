/* Log-softmax, the soft-IoU loss and binary cross-entropy, the gradient of a mask. */
#include <math.h>

#include "reference.h"

/* ---- y[n,c] = x[n,c] - log sum_k exp(x[n,k]) --------------------------------------------- */

static void log_softmax_forward(const step *s)
{
    ir_shape sh = s->out->shape;
    for (int n = 0; n < sh.n; n++) {
        const double *x = s->in[0]->v + at(sh, n, 0, 0, 0);
        double largest = x[0], sum = 0;
        for (int c = 1; c < sh.c; c++)
            largest = fmax(largest, x[c]);
        for (int c = 0; c < sh.c; c++)
            sum += exp(x[c] - largest);
        for (int c = 0; c < sh.c; c++)
            s->out->v[at(sh, n, c, 0, 0)] = x[c] - largest - log(sum);
    }
}

/* dx[n,c] = g[n,c] - exp(y[n,c]) sum_k g[n,k] */
static void log_softmax_backward(const step *s)
{
    ir_shape sh = s->out->shape;
    for (int n = 0; n < sh.n; n++) {
        double sum = 0;
        for (int c = 0; c < sh.c; c++)
            sum += s->out->g[at(sh, n, c, 0, 0)];
        for (int c = 0; c < sh.c; c++) {
            size_t e = at(sh, n, c, 0, 0);
            s->in[0]->g[e] += s->out->g[e] - exp(s->out->v[e]) * sum;
        }
    }
}

tensor *ref_log_softmax(tape *t, tensor *x)
{
    static const reference_op op = {"log_softmax", log_softmax_forward, log_softmax_backward, NULL};
    return tape_step(t, &op, 1, &x, x->shape)->out;
}

/* ---- loss = 1 - (I + 1) / (P + Y - I + 1), I = sum p y, P = sum p, Y = sum y ------------- */

typedef struct {
    double intersection, united; /* I and P + Y - I */
} overlap;

/* Of the images of output element `first / group`; `size` elements from `first` on. */
static overlap overlap_of(const step *s, size_t first, size_t size)
{
    overlap o = {0, 0};
    for (size_t e = first; e < first + size; e++) {
        double p = s->in[0]->v[e], y = s->in[1]->v[e];
        o.intersection += p * y;
        o.united += p + y - p * y;
    }
    return o;
}

static void soft_iou_forward(const step *s)
{
    size_t size = s->in[0]->size / s->out->size;
    for (size_t k = 0; k < s->out->size; k++) {
        overlap o = overlap_of(s, k * size, size);
        s->out->v[k] = 1 - (o.intersection + 1) / (o.united + 1);
    }
}

/* dloss/dp = -y / (U + 1) + (I + 1) (1 - y) / (U + 1)^2 */
static void soft_iou_backward(const step *s)
{
    size_t size = s->in[0]->size / s->out->size;
    for (size_t k = 0; k < s->out->size; k++) {
        overlap o = overlap_of(s, k * size, size);
        for (size_t e = k * size; e < (k + 1) * size; e++) {
            double y = s->in[1]->v[e];
            double slope = -y / (o.united + 1) +
                           (o.intersection + 1) * (1 - y) / ((o.united + 1) * (o.united + 1));
            s->in[0]->g[e] += s->out->g[k] * slope;
        }
    }
}

tensor *ref_soft_iou(tape *t, tensor *p, tensor *y, int group)
{
    static const reference_op op = {"soft_iou", soft_iou_forward, soft_iou_backward, NULL};
    ir_shape out = {p->shape.n / group, 1, 1, 1};
    step *s = tape_step(t, &op, 2, (tensor *[]){p, y}, out);
    s->group = group;
    return s->out;
}

/* ---- loss = mean of -y log p - (1 - y) log(1 - p), p = 1 / (1 + exp(-z)) ----------------- */

/* log p, from whichever of p and 1 - p is not nearly 0 */
static double log_sigmoid(double z)
{
    return z > 0 ? -log1p(exp(-z)) : z - log1p(exp(z));
}

static void bce_forward(const step *s)
{
    size_t size = s->in[0]->size / s->out->size;
    for (size_t k = 0; k < s->out->size; k++) {
        double sum = 0;
        for (size_t e = k * size; e < (k + 1) * size; e++) {
            double z = s->in[0]->v[e], y = s->in[1]->v[e];
            sum -= y * log_sigmoid(z) + (1 - y) * log_sigmoid(-z);
        }
        s->out->v[k] = sum / (double)size;
    }
}

/* dloss/dz = (p - y) / size */
static void bce_backward(const step *s)
{
    size_t size = s->in[0]->size / s->out->size;
    for (size_t e = 0; e < s->in[0]->size; e++) {
        double p = 1 / (1 + exp(-s->in[0]->v[e]));
        s->in[0]->g[e] += s->out->g[e / size] * (p - s->in[1]->v[e]) / (double)size;
    }
}

tensor *ref_bce(tape *t, tensor *z, tensor *y, int group)
{
    static const reference_op op = {"bce", bce_forward, bce_backward, NULL};
    ir_shape out = {z->shape.n / group, 1, 1, 1};
    step *s = tape_step(t, &op, 2, (tensor *[]){z, y}, out);
    s->group = group;
    return s->out;
}

/* ---- y[i,j] = sqrt(v^2 + h^2 + 1e-6), v = x[i+1,j] - x[i-1,j], h = x[i,j+1] - x[i,j-1] --- */

/* x[i,j] of image n, 0 outside */
static double pixel(const tensor *x, int n, int i, int j)
{
    ir_shape s = x->shape;
    return i < 0 || i >= s.h || j < 0 || j >= s.w ? 0 : x->v[at(s, n, 0, i, j)];
}

static void gradient_magnitude_forward(const step *s)
{
    ir_shape sy = s->out->shape;
    const tensor *x = s->in[0];
    for (int n = 0; n < sy.n; n++) {
        for (int i = 0; i < sy.h; i++) {
            for (int j = 0; j < sy.w; j++) {
                double v = pixel(x, n, i + 1, j) - pixel(x, n, i - 1, j);
                double h = pixel(x, n, i, j + 1) - pixel(x, n, i, j - 1);
                s->out->v[at(sy, n, 0, i, j)] = sqrt(v * v + h * h + 1e-6);
            }
        }
    }
}

tensor *ref_gradient_magnitude(tape *t, tensor *x)
{
    static const reference_op op = {"gradient_magnitude", gradient_magnitude_forward, NULL, NULL};
    return tape_step(t, &op, 1, &x, x->shape)->out;
}
