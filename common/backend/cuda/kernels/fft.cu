/* Real 2-D Fourier transforms of planes with cuFFT, and their adjoints.
 *
 *     rfft2:   (R, I)[u,v] = sum_{i,j} x[i,j] exp(-2 pi sqrt(-1) (u i / H + v j / W)),  v <= W / 2
 *     irfft2:  x[i,j] = 1/(H W) sum_v w_v Re sum_u (R, I)[u,v] exp(+...)
 *
 * w_v = 2 for the columns that stand for their mirror image too, 1 for v = 0 and v = W / 2. Either
 * is the other's adjoint up to these factors. A tensor of spectra holds C real parts, then C
 * imaginary parts; cuFFT wants whole planes, and spectra of complex numbers. */
#include "backend/cuda/transforms.h"
#include "device.h"

/* The planes' side of a node, and the spectra's. */
static ir_shape planes_shape(const ir_node *node)
{
    return node->op == IR_OP_RFFT2 ? node->in[0]->shape : node->shape;
}
static ir_shape spectra_shape(const ir_node *node)
{
    return node->op == IR_OP_RFFT2 ? node->shape : node->in[0]->shape;
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

/* scratch: planes, spectra, cuFFT's workspace. */
static size_t planes_bytes(const ir_node *node)
{
    return whole_lines(volume(planes_shape(node)) * sizeof(float));
}
static size_t spectra_bytes(const ir_node *node)
{
    return whole_lines(volume(spectra_shape(node)) * sizeof(float));
}

static void prepare(ir_backend *b, ir_node *node)
{
    const ir_shape s = planes_shape(node);
    ir_transform *t = ir_transform_for(cuda_of(b), s.h, s.w, s.n * s.c);
    node->state = t;
    node->scratch_bytes = planes_bytes(node) + spectra_bytes(node) + ir_transform_workspace(t);
}

struct buffers {
    float *planes;
    float2 *spectra;
    void *workspace;
};

static buffers buffers_of(const ir_node *node)
{
    char *scratch = static_cast<char *>(node->scratch);
    return {reinterpret_cast<float *>(scratch),
            reinterpret_cast<float2 *>(scratch + planes_bytes(node)),
            scratch + planes_bytes(node) + spectra_bytes(node)};
}

/* Columns that stand for themselves alone: 0, and W / 2 when W is even. */
static __device__ __forceinline__ bool is_single(int v, int w)
{
    return v == 0 || 2 * v == w;
}

/* Number i of planes, image by image and channel by channel: where it lies among N,H,W,C. */
static __device__ __forceinline__ spot plane_spot(ir_shape s, unsigned i)
{
    const unsigned pixels = (unsigned)s.h * (unsigned)s.w, plane = i / pixels;
    const unsigned pixel = i - plane * pixels;
    spot p;
    p.n = (int)(plane / (unsigned)s.c);
    p.c = (int)(plane % (unsigned)s.c);
    p.y = (int)(pixel / (unsigned)s.w);
    p.x = (int)(pixel % (unsigned)s.w);
    return p;
}

/* to = spectra of from, columns weighed. */
static void transform(ir_cuda *cuda, const ir_node *node, const real *from, real *to, float single,
                      float mirrored, bool add)
{
    const ir_shape s = planes_shape(node), z = spectra_shape(node);
    const buffers t = buffers_of(node);
    map(cuda, t.planes, volume(s), false, [=] __device__(unsigned i) {
        const spot p = plane_spot(s, i);
        return get(from, index_of(s, p.n, p.y, p.x, p.c));
    });
    ir_transform_run(static_cast<ir_transform *>(node->state), t.planes, t.spectra, t.workspace);
    map(cuda, to, volume(z), add, [=] __device__(unsigned i) {
        const spot p = spot_of(z, i);
        const unsigned plane = (unsigned)(p.n * s.c + p.c % s.c);
        const float2 value =
            t.spectra[(plane * (unsigned)z.h + (unsigned)p.y) * (unsigned)z.w + (unsigned)p.x];
        return (is_single(p.x, s.w) ? single : mirrored) * (p.c < s.c ? value.x : value.y);
    });
}

/* to = planes of from, columns weighed: sum_v w_v Re sum_u ... with w_v = single, or 2 mirrored.
 *
 * The spectrum of a real plane has z[u] = conj(z[-u]) in the single columns, and cuFFT relies on
 * it. Taking the half of each that has this symmetry is the same as ignoring the imaginary part
 * that the plane would get, as numpy.fft.irfft2 does. */
static void transform_back(ir_cuda *cuda, const ir_node *node, const real *from, real *to,
                           float single, float mirrored, bool add)
{
    const ir_shape s = planes_shape(node), z = spectra_shape(node);
    const ir_shape half = {z.n, s.c, z.h, z.w};
    const buffers t = buffers_of(node);
    each(cuda, volume(half), [=] __device__(unsigned i) {
        const spot p = plane_spot(half, i);
        float re = get(from, index_of(z, p.n, p.y, p.x, p.c));
        float im = get(from, index_of(z, p.n, p.y, p.x, p.c + s.c));
        const bool alone = is_single(p.x, s.w);
        if (alone) {
            const int mirror = p.y == 0 ? 0 : z.h - p.y;
            re = (re + get(from, index_of(z, p.n, mirror, p.x, p.c))) / 2;
            im = (im - get(from, index_of(z, p.n, mirror, p.x, p.c + s.c))) / 2;
        }
        const float by = alone ? single : mirrored;
        t.spectra[i] = make_float2(by * re, by * im);
    });
    ir_transform_back(static_cast<ir_transform *>(node->state), t.spectra, t.planes, t.workspace);
    map(cuda, to, volume(s), add, [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        return t
            .planes[((unsigned)(p.n * s.c + p.c) * (unsigned)s.h + (unsigned)p.y) * (unsigned)s.w +
                    (unsigned)p.x];
    });
}

static float one_over_pixels(const ir_node *node)
{
    return 1 / (float)pixels_of(planes_shape(node));
}

static void rfft2_forward(ir_backend *b, ir_node *node)
{
    transform(cuda_of(b), node, value_of(node->in[0]), value_of(node), 1, 1, false);
}

static void rfft2_backward(ir_backend *b, ir_node *node)
{
    transform_back(cuda_of(b), node, grad_of(node), grad_of(node->in[0]), 1, 0.5f, adds(node, 0));
}

static void irfft2_forward(ir_backend *b, ir_node *node)
{
    const float share = one_over_pixels(node);
    transform_back(cuda_of(b), node, value_of(node->in[0]), value_of(node), share, share, false);
}

static void irfft2_backward(ir_backend *b, ir_node *node)
{
    const float share = one_over_pixels(node);
    transform(cuda_of(b), node, grad_of(node), grad_of(node->in[0]), share, 2 * share,
              adds(node, 0));
}

const ir_op_table IR_NAME(ir_cuda_rfft2) = operation(prepare, rfft2_forward, rfft2_backward);
const ir_op_table IR_NAME(ir_cuda_irfft2) = operation(prepare, irfft2_forward, irfft2_backward);
