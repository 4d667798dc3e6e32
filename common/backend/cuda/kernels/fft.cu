/* Real 2-D Fourier transforms of planes with cuFFT, and their adjoints.
 *
 *     rfft2:   (R, I)[u,v] = sum_{i,j} x[i,j] exp(-2 pi sqrt(-1) (u i / H + v j / W)),  v <= W / 2
 *     irfft2:  x[i,j] = 1/(H W) sum_v w_v Re sum_u (R, I)[u,v] exp(+...)
 *
 * w_v = 1 for v = 0 and v = W / 2, else 2, since such a column stands for its mirror image too.
 * Each is the other's adjoint up to these factors. A tensor of spectra has C real parts, then C
 * imaginary parts. cuFFT wants whole planes, and spectra of complex numbers. */
#include "backend/cuda/transforms.h"
#include "device.h"

/* The shapes of the planes and of the spectra: one is a call's input, the other its result. */
static ir_shape planes_shape(const ir_call *call)
{
    return call->op == IR_OP_RFFT2 ? call->in[0]->shape : call->shape;
}
static ir_shape spectra_shape(const ir_call *call)
{
    return call->op == IR_OP_RFFT2 ? call->shape : call->in[0]->shape;
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

/* The scratch memory has planes, then spectra, then cuFFT's workspace. */
static size_t planes_bytes(const ir_call *call)
{
    return whole_lines(volume(planes_shape(call)) * sizeof(float));
}
static size_t spectra_bytes(const ir_call *call)
{
    return whole_lines(volume(spectra_shape(call)) * sizeof(float));
}

static void prepare(ir_backend *b, ir_call *call)
{
    const ir_shape s = planes_shape(call);
    ir_transform *t = ir_transform_for(cuda_of(b), s.h, s.w, s.n * s.c);
    call->state = t;
    call->scratch_bytes = planes_bytes(call) + spectra_bytes(call) + ir_transform_workspace(t);
}

struct buffers {
    float *planes;
    float2 *spectra;
    void *workspace;
};

static buffers buffers_of(const ir_call *call)
{
    char *scratch = static_cast<char *>(call->scratch);
    return {reinterpret_cast<float *>(scratch),
            reinterpret_cast<float2 *>(scratch + planes_bytes(call)),
            scratch + planes_bytes(call) + spectra_bytes(call)};
}

/* ---- between the layouts ----------------------------------------------------------------------
 *
 * In planes a channel's pixels lie side by side, in tensors a pixel's channels. A block of threads
 * copies a tile of an image, some channels of some pixels, from the one to the other through shared
 * memory. So neighbouring threads have neighbouring numbers both when they read and when they
 * write. */

enum { TILE_BITS = 10, TILE = 1 << TILE_BITS };
static_assert(TILE == BLOCK * EACH, "a tile is what a block takes at a time");

/* A tile is 1 << bits channels wide: 4 to 32. */
struct tiling {
    unsigned images, pixels, width, channels, bits;
};

static tiling tiling_of(ir_shape s, int channels)
{
    tiling t = {(unsigned)s.n, pixels_of(s), (unsigned)s.w, (unsigned)channels, 2};
    while (t.bits < 5 && 1u << t.bits < t.channels)
        t.bits++;
    return t;
}

/* A position in a tile. A tensor has `parts` numbers there, `channels` apart: real and imaginary.
 */
struct place {
    unsigned n, pixel, y, x, channel, slot;
    bool inside;

    __device__ __forceinline__ unsigned in_planes(tiling t) const
    {
        return (n * t.channels + channel) * t.pixels + pixel;
    }
    __device__ __forceinline__ unsigned in_tensor(tiling t, unsigned parts, unsigned part) const
    {
        return ((n * t.pixels + pixel) * parts + part) * t.channels + channel;
    }
};

/* slot: there is a gap after every 32, so that a warp uses all 32 banks in either direction. */
static __device__ __forceinline__ place place_at(tiling t, unsigned n, unsigned first,
                                                 unsigned pixel, unsigned channel)
{
    const unsigned i = (pixel << t.bits) + channel;
    place p;
    p.n = n;
    p.pixel = (blockIdx.x << (TILE_BITS - t.bits)) + pixel;
    p.y = p.pixel / t.width;
    p.x = p.pixel - p.y * t.width;
    p.channel = first + channel;
    p.slot = i + i / 32;
    p.inside = p.pixel < t.pixels && p.channel < t.channels;
    return p;
}

/* Number k of this thread in the tile from channel `first` on. along_plane: the next thread's is
 * next to it in the planes, and all k have the same pixel; along_tensor: it is next to it in the
 * tensor. */
static __device__ __forceinline__ place along_plane(tiling t, unsigned n, unsigned first, int k)
{
    const unsigned bits = TILE_BITS - t.bits, pixel = threadIdx.x & ((1u << bits) - 1);
    return place_at(t, n, first, pixel, (threadIdx.x >> bits) + ((unsigned)(k * BLOCK) >> bits));
}
static __device__ __forceinline__ place along_tensor(tiling t, unsigned n, unsigned first, int k)
{
    const unsigned channel = threadIdx.x & ((1u << t.bits) - 1);
    return place_at(t, n, first, (threadIdx.x >> t.bits) + ((unsigned)(k * BLOCK) >> t.bits),
                    channel);
}

/* For one tile: calls put(place, values) with what a tensor has, PARTS numbers at a time. */
template <int PARTS, class F>
static __device__ __forceinline__ void tile_to_planes(tiling t, unsigned n, unsigned first,
                                                      const real *from, F put)
{
    __shared__ float tile[PARTS][TILE + TILE / 32];
    float value[EACH][PARTS];
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const place p = along_tensor(t, n, first, k);
        for (unsigned j = 0; j < PARTS; j++)
            value[k][j] = p.inside ? get(from, p.in_tensor(t, PARTS, j)) : 0;
    }
#pragma unroll
    for (int k = 0; k < EACH; k++)
        for (int j = 0; j < PARTS; j++)
            tile[j][along_tensor(t, n, first, k).slot] = value[k][j];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const place p = along_plane(t, n, first, k);
        for (int j = 0; j < PARTS; j++)
            value[k][j] = tile[j][p.slot];
        if (p.inside)
            put(p, value[k]);
    }
    __syncthreads();
}

/* For one tile: writes or adds to a tensor what take(place, values) sets, PARTS numbers at a time.
 */
template <int PARTS, class F>
static __device__ __forceinline__ void tile_to_tensor(tiling t, unsigned n, unsigned first, F take,
                                                      real *to, bool add)
{
    __shared__ float tile[PARTS][TILE + TILE / 32];
    float value[EACH][PARTS] = {};
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const place p = along_plane(t, n, first, k);
        if (p.inside)
            take(p, value[k]);
    }
#pragma unroll
    for (int k = 0; k < EACH; k++)
        for (int j = 0; j < PARTS; j++)
            tile[j][along_plane(t, n, first, k).slot] = value[k][j];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const place p = along_tensor(t, n, first, k);
        for (unsigned j = 0; j < PARTS; j++) {
            value[k][j] = tile[j][p.slot];
            if (add && p.inside)
                value[k][j] += get(to, p.in_tensor(t, PARTS, j));
        }
    }
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const place p = along_tensor(t, n, first, k);
        for (unsigned j = 0; j < PARTS; j++)
            if (p.inside)
                set(to, p.in_tensor(t, PARTS, j), value[k][j]);
    }
    __syncthreads();
}

/* Calls f(image, first channel) for this block's tiles. */
template <class F> static __device__ __forceinline__ void each_tile(tiling t, F f)
{
    for (unsigned n = blockIdx.z; n < t.images; n += gridDim.z)
        for (unsigned c = blockIdx.y << t.bits; c < t.channels; c += gridDim.y << t.bits)
            f(n, c);
}

template <int PARTS, class F>
static __global__ void __launch_bounds__(BLOCK) to_planes_kernel(tiling t, const real *from, F put)
{
    each_tile(t, [&](unsigned n, unsigned c) { tile_to_planes<PARTS>(t, n, c, from, put); });
}

template <int PARTS, class F>
static __global__ void __launch_bounds__(BLOCK)
    to_tensor_kernel(tiling t, F take, real *to, bool add)
{
    each_tile(t, [&](unsigned n, unsigned c) { tile_to_tensor<PARTS>(t, n, c, take, to, add); });
}

/* A block for each tile, or as many images and channels as one launch allows. */
static dim3 tiles_of(tiling t)
{
    const unsigned most = 65535, wide = blocks_for(t.channels, (size_t)1 << t.bits);
    return dim3(blocks_for(t.pixels, (size_t)TILE >> t.bits), wide < most ? wide : most,
                t.images < most ? t.images : most);
}

template <int PARTS, class F>
static void to_planes(ir_cuda *cuda, tiling t, const real *from, F put)
{
    launch(cuda, to_planes_kernel<PARTS, F>, tiles_of(t), t, from, put);
}

template <int PARTS, class F>
static void to_tensor(ir_cuda *cuda, tiling t, F take, real *to, bool add)
{
    launch(cuda, to_tensor_kernel<PARTS, F>, tiles_of(t), t, take, to, add);
}

/* ---- transforms -------------------------------------------------------------------------------*/

/* Columns that stand for themselves only: 0, and W / 2 when W is even. */
static __device__ __forceinline__ bool is_single(unsigned v, unsigned w)
{
    return v == 0 || 2 * v == w;
}

/* to = or += the spectra of `from`, their columns weighed. */
static void transform(ir_cuda *cuda, const ir_call *call, const real *from, real *to, float single,
                      float mirrored, bool add)
{
    const ir_shape s = planes_shape(call);
    const tiling x = tiling_of(s, s.c), z = tiling_of(spectra_shape(call), s.c);
    const buffers b = buffers_of(call);
    to_planes<1>(cuda, x, from, [=] __device__(place p, const float *value) {
        b.planes[p.in_planes(x)] = value[0];
    });
    ir_transform_run(static_cast<ir_transform *>(call->state), b.planes, b.spectra, b.workspace);
    to_tensor<2>(
        cuda, z,
        [=] __device__(place p, float *value) {
            const float2 number = b.spectra[p.in_planes(z)];
            const float by = is_single(p.x, x.width) ? single : mirrored;
            value[0] = by * number.x;
            value[1] = by * number.y;
        },
        to, add);
}

/* to = or += the planes of `from`: sum_v w_v Re sum_u ... with w_v = single, or 2 mirrored.
 *
 * The spectrum of a real plane has z[u] = conj(z[-u]) in the single columns, and cuFFT relies on
 * it. This keeps of each such column the part with that symmetry, with the same effect as ignoring
 * the imaginary part that the plane would get. numpy.fft.irfft2 does so. */
static void transform_back(ir_cuda *cuda, const ir_call *call, const real *from, real *to,
                           float single, float mirrored, bool add)
{
    const ir_shape s = planes_shape(call);
    const tiling x = tiling_of(s, s.c), z = tiling_of(spectra_shape(call), s.c);
    const buffers b = buffers_of(call);
    to_planes<2>(cuda, z, from, [=] __device__(place p, const float *value) {
        float re = value[0], im = value[1];
        const bool alone = is_single(p.x, x.width);
        if (alone) {
            place mirror = p;
            mirror.pixel = p.y == 0 ? p.x : z.pixels - p.pixel + 2 * p.x;
            re = (re + get(from, mirror.in_tensor(z, 2, 0))) / 2;
            im = (im - get(from, mirror.in_tensor(z, 2, 1))) / 2;
        }
        const float by = alone ? single : mirrored;
        b.spectra[p.in_planes(z)] = make_float2(by * re, by * im);
    });
    ir_transform_back(static_cast<ir_transform *>(call->state), b.spectra, b.planes, b.workspace);
    to_tensor<1>(
        cuda, x, [=] __device__(place p, float *value) { value[0] = b.planes[p.in_planes(x)]; }, to,
        add);
}

static float one_over_pixels(const ir_call *call)
{
    return 1 / (float)pixels_of(planes_shape(call));
}

static void rfft2_forward(ir_backend *b, ir_call *call)
{
    transform(cuda_of(b), call, value_of(call->in[0]), value_of(call), 1, 1, false);
}

static void rfft2_backward(ir_backend *b, ir_call *call)
{
    transform_back(cuda_of(b), call, grad_of(call), grad_of(call->in[0]), 1, 0.5f, adds(call, 0));
}

static void irfft2_forward(ir_backend *b, ir_call *call)
{
    const float share = one_over_pixels(call);
    transform_back(cuda_of(b), call, value_of(call->in[0]), value_of(call), share, share, false);
}

static void irfft2_backward(ir_backend *b, ir_call *call)
{
    const float share = one_over_pixels(call);
    transform(cuda_of(b), call, grad_of(call), grad_of(call->in[0]), share, 2 * share,
              adds(call, 0));
}

const ir_op_table IR_NAME(ir_cuda_rfft2) = operation(prepare, rfft2_forward, rfft2_backward);
const ir_op_table IR_NAME(ir_cuda_irfft2) = operation(prepare, irfft2_forward, irfft2_backward);
