/* Sum and product of two tensors, the second broadcast where it is smaller; multiples of one.
 *
 *     add:  y = act(a + b)      mul:  y = scale a b      scale:  y = scale x
 */
#include "lanes.h"

/* How b (in[1]) covers a (in[0]): number i of a meets number at(i) of b. */
struct cover {
    enum { SAME, CHANNEL, PIXEL, IMAGE } how;
    unsigned channels, image; /* numbers of a's pixel, of a's image */

    __device__ __forceinline__ unsigned at(unsigned i) const
    {
        switch (how) {
        case CHANNEL:
            return i / image * channels + i % channels;
        case PIXEL:
            return i / channels;
        case IMAGE:
            return i / image;
        default:
            return i;
        }
    }
};

static cover cover_of(const ir_node *node)
{
    const ir_shape a = node->in[0]->shape, b = node->in[1]->shape;
    const bool pixels = a.h == b.h && a.w == b.w;
    cover c = {cover::SAME, (unsigned)a.c, (unsigned)a.c * pixels_of(a)};
    if (a.c == b.c)
        c.how = pixels ? cover::SAME : cover::CHANNEL;
    else
        c.how = pixels ? cover::PIXEL : cover::IMAGE;
    return c;
}

/* Of IMAGE all numbers of an image are rows of one channel. */
static unsigned sum_channels(cover c)
{
    return c.how == cover::IMAGE ? 1 : c.channels;
}

static void prepare(ir_backend *, ir_node *node)
{
    const cover c = cover_of(node);
    if (c.how == cover::CHANNEL || c.how == cover::IMAGE)
        node->scratch_bytes =
            sum_scratch(1, (size_t)node->shape.n, c.image / sum_channels(c), sum_channels(c));
}

/* in[1]'s gradient: what f(i) gives for the numbers that one of b covers, summed. */
template <class F> static void sum_covered(ir_cuda *cuda, const ir_node *node, F f)
{
    const cover c = cover_of(node);
    const bool add = adds(node, 1);
    real *db = grad_of(node->in[1]);
    const unsigned count = volume(node->in[1]->shape), channels = sum_channels(c);
    if (c.how == cover::SAME) {
        map(cuda, db, count, add, f);
    } else if (c.how == cover::PIXEL) {
        join_channels(
            cuda, count, channels, 0.0f,
            [=] __device__(unsigned pixel, unsigned k) { return f(pixel * channels + k); },
            [=] __device__(unsigned pixel, float sum) {
                set(db, pixel, (add ? get(db, pixel) : 0) + sum);
            });
    } else {
        sum_rows<1>(
            cuda, node->scratch, (unsigned)node->shape.n, c.image / channels, channels,
            [=] __device__(unsigned row, unsigned channel, double *sum) {
                sum[0] += f(row * channels + channel);
            },
            [=] __device__(unsigned image, unsigned channel, const double *total) {
                const unsigned i = image * channels + channel;
                set(db, i, (add ? get(db, i) : 0) + (float)total[0]);
            });
    }
}

/* ---- a + b ------------------------------------------------------------------------------------*/

static void add_forward(ir_backend *b, ir_node *node)
{
    const cover c = cover_of(node);
    const float slope = slope_of(node->activation);
    const real *a = value_of(node->in[0]), *other = value_of(node->in[1]);
    map(cuda_of(b), value_of(node), volume(node->shape), false,
        [=] __device__(unsigned i) { return rectify(get(a, i) + get(other, c.at(i)), slope); });
}

/* da = dy times the derivative of act, known from the sign of y; db its sums */
static void add_backward(ir_backend *b, ir_node *node)
{
    const float slope = slope_of(node->activation);
    const real *y = value_of(node), *dy = grad_of(node);
    const auto term = [=] __device__(unsigned i) {
        return slope == 1 ? get(dy, i) : rectify_grad(get(y, i), slope, get(dy, i));
    };
    if (node->grad_use[0] != IR_GRAD_NONE)
        map(cuda_of(b), grad_of(node->in[0]), volume(node->shape), adds(node, 0), term);
    if (node->grad_use[1] != IR_GRAD_NONE)
        sum_covered(cuda_of(b), node, term);
}

/* ---- scale a b --------------------------------------------------------------------------------*/

static void mul_forward(ir_backend *b, ir_node *node)
{
    const cover c = cover_of(node);
    const float scale = (float)node->scale;
    const real *a = value_of(node->in[0]), *other = value_of(node->in[1]);
    map(cuda_of(b), value_of(node), volume(node->shape), false,
        [=] __device__(unsigned i) { return scale * get(a, i) * get(other, c.at(i)); });
}

/* da = dy scale b, db = the sums of dy scale a */
static void mul_backward(ir_backend *b, ir_node *node)
{
    const cover c = cover_of(node);
    const float scale = (float)node->scale;
    const real *a = value_of(node->in[0]), *other = value_of(node->in[1]), *dy = grad_of(node);
    if (node->grad_use[0] != IR_GRAD_NONE)
        map(cuda_of(b), grad_of(node->in[0]), volume(node->shape), adds(node, 0),
            [=] __device__(unsigned i) { return get(dy, i) * scale * get(other, c.at(i)); });
    if (node->grad_use[1] != IR_GRAD_NONE)
        sum_covered(cuda_of(b), node,
                    [=] __device__(unsigned i) { return get(dy, i) * scale * get(a, i); });
}

/* ---- scale x ----------------------------------------------------------------------------------*/

static void scale_forward(ir_backend *b, ir_node *node)
{
    const float scale = (float)node->scale;
    const real *x = value_of(node->in[0]);
    map(cuda_of(b), value_of(node), volume(node->shape), false,
        [=] __device__(unsigned i) { return scale * get(x, i); });
}

static void scale_backward(ir_backend *b, ir_node *node)
{
    const float scale = (float)node->scale;
    const real *dy = grad_of(node);
    map(cuda_of(b), grad_of(node->in[0]), volume(node->shape), adds(node, 0),
        [=] __device__(unsigned i) { return scale * get(dy, i); });
}

const ir_op_table IR_NAME(ir_cuda_add) = operation(prepare, add_forward, add_backward);
const ir_op_table IR_NAME(ir_cuda_mul) = operation(prepare, mul_forward, mul_backward);
const ir_op_table IR_NAME(ir_cuda_scale) = operation(nullptr, scale_forward, scale_backward);
