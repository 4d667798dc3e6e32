/* Deformable sampling (Dai et al., Deformable Convolutional Networks, ICCV 2017). What each tap of
 * a kernel reads at each pixel becomes a channel, a "column"; a 1x1 convolution of them follows.
 *
 *     y[n, c K + t, i, j] = x(n, c, i+u-kh/2+dy, j+v-kw/2+dx),  t = u kw + v,  K = kh kw
 *
 * with dy = offset[n, 2t, i, j] and dx = offset[n, 2t+1, i, j], or 0 without offsets. Between the
 * pixels x is bilinear, outside of the image 0; at -1 and beyond its slope is 0 too, as in the
 * authors' code. */
#include "device.h"

enum { CORNERS = 4, MAX_TAPS = 49 };

/* A point of the image, by its four neighbours. Its value is sum_k weight[k] x[at[k]]; with the
 * factors down[k] and across[k] the sum is its derivative. Neighbours outside of the image have
 * factors 0. */
struct point {
    unsigned at[CORNERS]; /* of channel 0 */
    float weight[CORNERS], down[CORNERS], across[CORNERS];
};

struct sampling {
    ir_shape s; /* of x */
    int kernel_h, kernel_w, taps;
    const real *offset; /* or nullptr */

    /* the point that tap t of pixel (y, x) of image n reads */
    __device__ __forceinline__ point look(int n, int y, int x, int t) const
    {
        point p = {};
        double down = y + t / kernel_w - kernel_h / 2, across = x + t % kernel_w - kernel_w / 2;
        if (offset) {
            const unsigned pixel =
                ((unsigned)(n * s.h) + (unsigned)y) * (unsigned)s.w + (unsigned)x;
            down += get(offset, pixel * 2 * (unsigned)taps + 2 * (unsigned)t);
            across += get(offset, pixel * 2 * (unsigned)taps + 2 * (unsigned)t + 1);
        }
        if (!(down > -1 && down < s.h && across > -1 && across < s.w)) /* nor is it NaN */
            return p;
        const int top = (int)floor(down), left = (int)floor(across);
        const float low = (float)(down - top), right = (float)(across - left);
        for (int k = 0; k < CORNERS; k++) {
            const int i = top + k / 2, j = left + k % 2;
            if (i < 0 || i >= s.h || j < 0 || j >= s.w)
                continue;
            const float vertical = k / 2 ? low : 1 - low, horizontal = k % 2 ? right : 1 - right;
            p.at[k] = index_of(s, n, i, j, 0);
            p.weight[k] = vertical * horizontal;
            p.down[k] = k / 2 ? horizontal : -horizontal;
            p.across[k] = k % 2 ? vertical : -vertical;
        }
        return p;
    }
};

static sampling sampling_of(const ir_call *call)
{
    return {call->in[0]->shape, call->kernel_h, call->kernel_w, call->kernel_h * call->kernel_w,
            call->inputs > 1 ? value_of(call->in[1]) : nullptr};
}

static __device__ __forceinline__ float mix(const real *x, const point &p, const float *factor,
                                            int c)
{
    float sum = 0;
    for (int k = 0; k < CORNERS; k++)
        sum += factor[k] * get(x, p.at[k] + (unsigned)c);
    return sum;
}

static void prepare(ir_backend *, ir_call *call)
{
    const int taps = call->kernel_h * call->kernel_w;
    if (taps > MAX_TAPS)
        ir_die("deform: a kernel of %d taps is more than %d", taps, MAX_TAPS);
    if (call->grad_use[0] != IR_GRAD_NONE)
        call->scratch_bytes = ((size_t)volume(call->in[0]->shape) + 1) * sizeof(long long);
}

static void forward(ir_backend *b, ir_call *call)
{
    const ir_shape t = call->shape;
    const sampling from = sampling_of(call);
    const real *x = value_of(call->in[0]);
    map(cuda_of(b), value_of(call), volume(t), false, [=] __device__(unsigned i) {
        const spot p = spot_of(t, i);
        const point at = from.look(p.n, p.y, p.x, p.c % from.taps);
        return mix(x, at, at.weight, p.c / from.taps);
    });
}

/* ---- backward ----------------------------------------------------------------------------------
 *
 * The points of any two pixels may coincide, and sums of floats depend on their order. So the terms
 * are added as integers. They are scaled so that the largest takes HEADROOM bits less than there
 * are: even if all terms of an image came to one place, their sum would fit. */

enum { BITS = 62, HEADROOM = 26 };

/* The scratch memory begins with the largest |dy|, as the bits of a float; then come the sums. */
static void find_largest(ir_cuda *cuda, const ir_call *call)
{
    unsigned *largest = static_cast<unsigned *>(call->scratch);
    const real *dy = grad_of(call);
    each(cuda, volume(call->shape), [=] __device__(unsigned i) {
        const unsigned bits = (unsigned)__float_as_int(fabsf(get(dy, i)));
        if (bits > *largest)
            atomicMax(largest, bits);
    });
}

/* 2^k with largest 2^k < 2^(BITS - HEADROOM); 0 when there is nothing to add, or nothing finite */
static __device__ __forceinline__ double scale_of(const unsigned *largest)
{
    const float most = __int_as_float((int)*largest);
    int exponent;
    if (most == 0 || !isfinite(most))
        return 0;
    frexp((double)most, &exponent);
    return ldexp(1.0, BITS - HEADROOM - exponent);
}

static void scatter(ir_cuda *cuda, const ir_call *call)
{
    const ir_shape t = call->shape;
    const sampling from = sampling_of(call);
    const unsigned *largest = static_cast<unsigned *>(call->scratch);
    unsigned long long *sum = static_cast<unsigned long long *>(call->scratch) + 1;
    const real *dy = grad_of(call);
    each(cuda, volume(t), [=] __device__(unsigned i) {
        const spot p = spot_of(t, i);
        const point at = from.look(p.n, p.y, p.x, p.c % from.taps);
        const double term = get(dy, i) * scale_of(largest);
        for (int k = 0; k < CORNERS; k++)
            if (at.weight[k] != 0)
                atomicAdd(&sum[at.at[k] + (unsigned)(p.c / from.taps)],
                          (unsigned long long)(long long)llrint(term * at.weight[k]));
    });
}

static void backward_input(ir_cuda *cuda, const ir_call *call)
{
    const unsigned *largest = static_cast<unsigned *>(call->scratch);
    const long long *sum = static_cast<long long *>(call->scratch) + 1;
    const unsigned count = volume(call->in[0]->shape);
    IR_CUDA(cudaMemsetAsync(call->scratch, 0, ((size_t)count + 1) * sizeof *sum, cuda->stream));
    find_largest(cuda, call);
    scatter(cuda, call);
    map(cuda, grad_of(call->in[0]), count, adds(call, 0), [=] __device__(unsigned i) {
        const double scale = scale_of(largest);
        const float most = __int_as_float((int)*largest);
        return scale > 0 ? (float)((double)sum[i] / scale) : 0 * most; /* NaN unless finite */
    });
}

/* For each pixel and tap: the sum over the channels of dy times x's slope down, or across. */
static void backward_offset(ir_cuda *cuda, const ir_call *call)
{
    const ir_shape t = call->shape, s = call->in[0]->shape, o = call->in[1]->shape;
    const sampling from = sampling_of(call);
    const real *x = value_of(call->in[0]), *dy = grad_of(call);
    map(cuda, grad_of(call->in[1]), volume(o), adds(call, 1), [=] __device__(unsigned i) {
        const spot p = spot_of(o, i);
        const int tap = p.c / 2;
        const point at = from.look(p.n, p.y, p.x, tap);
        float sum = 0;
        for (int c = 0; c < s.c; c++)
            sum += get(dy, index_of(t, p.n, p.y, p.x, c * from.taps + tap)) *
                   mix(x, at, p.c % 2 ? at.across : at.down, c);
        return sum;
    });
}

static void backward(ir_backend *b, ir_call *call)
{
    if (call->grad_use[0] != IR_GRAD_NONE)
        backward_input(cuda_of(b), call);
    if (call->inputs > 1 && call->grad_use[1] != IR_GRAD_NONE)
        backward_offset(cuda_of(b), call);
}

const ir_op_table IR_NAME(ir_cuda_deform) = operation(prepare, forward, backward);
