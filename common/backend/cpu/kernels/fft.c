/* Real 2-D Fourier transforms of planes with FFTW, and their adjoints.
 *
 *     rfft2:   (R, I)[u,v] = sum_{i,j} x[i,j] exp(-2 pi sqrt(-1) (u i / H + v j / W)),  v <= W / 2
 *     irfft2:  x[i,j] = 1/(H W) sum_v w_v Re sum_u (R, I)[u,v] exp(+...)
 *
 * w_v = 1 for v = 0 and v = W / 2, else 2, since such a column stands for its mirror image too.
 * Each is the other's adjoint up to these factors. Planes are copied out of the blocks for FFTW and
 * back. */
#include <fftw3.h>
#include <stdlib.h>

#include "base/base.h"
#include "loops.h"

typedef struct {
    fftwf_plan to_spectrum, to_plane;
    size_t plane, spectrum; /* floats from one to the next: whole cache lines */
    int images;             /* how many are transformed at a time: enough for all threads */
} transforms;

/* The shape of the planes, which are a call's input or its result. */
static ir_shape planes_shape(const ir_call *call)
{
    return call->op == IR_OP_RFFT2 ? call->in[0]->shape : call->shape;
}

static size_t whole_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static void prepare(ir_backend *b, ir_call *call)
{
    const ir_shape s = planes_shape(call);
    const int threads = ((ir_cpu *)b)->threads;
    transforms *t = ir_malloc(sizeof *t);
    t->plane = whole_lines(pixels_of(s));
    t->spectrum = whole_lines(2 * (size_t)s.h * (size_t)(s.w / 2 + 1));
    t->images = (2 * threads + s.c - 1) / s.c;
    if (t->images > s.n)
        t->images = s.n;
    call->scratch_bytes =
        (size_t)t->images * (size_t)s.c * (t->plane + t->spectrum) * sizeof(float);

    /* A plan depends on the alignment of its arrays, not on the arrays. */
    float *real = ir_aligned((t->plane + t->spectrum) * sizeof(float));
    fftwf_complex *spectrum = (fftwf_complex *)(real + t->plane);
    t->to_spectrum = fftwf_plan_dft_r2c_2d(s.h, s.w, real, spectrum, FFTW_ESTIMATE);
    t->to_plane = fftwf_plan_dft_c2r_2d(s.h, s.w, spectrum, real, FFTW_ESTIMATE);
    free(real);
    if (!t->to_spectrum || !t->to_plane)
        ir_die("FFTW has no plan for %d x %d", s.w, s.h);
    call->state = t;
}

static void release(ir_backend *b, ir_call *call)
{
    (void)b;
    transforms *t = call->state;
    fftwf_destroy_plan(t->to_spectrum);
    fftwf_destroy_plan(t->to_plane);
    free(t);
}

/* ---- copies between blocks and planes -----------------------------------------------------------
 *
 * A tensor of spectra has C real parts, then C imaginary parts. FFTW wants the two side by side. */

/* Copies the images [first, first + count) of a tensor of planes. */
static void planes_out(const transforms *t, float *planes, const float *x, ir_shape s, int first,
                       int count)
{
    s.n = count;
    x += (size_t)first * (size_t)blocks(s.c) * plane(s);
    const int parts = parts_of(s), width = lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts; i++) {
        const part p = part_at(s, i);
        const int first_lane = p.image * s.c + p.block * width;
        float *to[B];
        for (int l = 0; l < width; l++)
            to[l] = planes + (size_t)(first_lane + l) * t->plane + p.pixel;
        if (width == B && (p.block + 1) * B <= s.c) {
            IR_NAME(ir_cpu_lanes_to_planes)(to, x + p.at, p.pixels);
            continue;
        }
        for (int l = 0; l < width && p.block * width + l < s.c; l++) {
            const lane_source from = {x + p.at + l, (size_t)width};
            IR_NAME(ir_cpu_gather_lanes)(to[l], 1, &from, p.pixels, false);
        }
    }
}

static void planes_in(const transforms *t, const float *planes, float *x, ir_shape s, int first,
                      int count, bool add)
{
    s.n = count;
    x += (size_t)first * (size_t)blocks(s.c) * plane(s);
    const int parts = parts_of(s), width = lanes(s.c);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts; i++) {
        const part p = part_at(s, i);
        lane_source from[B] = {0};
        for (int l = 0; l < width && p.block * width + l < s.c; l++) {
            const int index = p.image * s.c + p.block * width + l;
            from[l] = (lane_source){planes + (size_t)index * t->plane + p.pixel, 1};
        }
        IR_NAME(ir_cpu_gather_lanes)(x + p.at, width, from, p.pixels, add);
    }
}

/* Where in FFTW's spectra channel c of image n of a tensor (shape s) begins; its step is 2. */
static size_t part_of_spectrum(const transforms *t, ir_shape s, int n, int c)
{
    const int planes = s.c / 2;
    return (size_t)(n * planes + c % planes) * t->spectrum + (size_t)(c / planes);
}

/* Where real and imaginary parts do not share a block: p is a part of the real half, and its
 * imaginary part comes `later` floats behind it. */
static void whole_spectra_out(const transforms *t, float *spectra, const float *x, ir_shape half,
                              part p, size_t later)
{
    float *to[B];
    for (int l = 0; l < B; l++)
        to[l] = spectra + (size_t)(p.image * half.c + p.block * B + l) * t->spectrum + 2 * p.pixel;
    IR_NAME(ir_cpu_lanes_to_pairs)(to, x, x + later, p.pixels);
}

static void spectra_out(const transforms *t, float *spectra, const float *x, ir_shape s, int first,
                        int count)
{
    const int planes = s.c / 2, parts = parts_of_plane(s);
    const ir_shape half = {count, planes, s.h, s.w};
    const size_t later = (size_t)(planes / B) * plane(s);
    if (planes % B == 0) {
#pragma omp parallel for schedule(static) if (!is_small(s))
        for (int i = 0; i < parts_of(half); i++) {
            const part p = part_at(half, i);
            const size_t at = channel_at(s, first + p.image, p.block * B) + p.pixel * B;
            whole_spectra_out(t, spectra, x + at, half, p, later);
        }
        return;
    }
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < count * planes * parts; i++) {
        const int index = i / parts, n = first + index / planes, c = index % planes;
        const size_t pixel = (size_t)(i % parts) * PART;
        const lane_source from[2] = {{x + channel_at(s, n, c) + pixel * B, B},
                                     {x + channel_at(s, n, planes + c) + pixel * B, B}};
        IR_NAME(ir_cpu_gather_lanes)
        (spectra + (size_t)index * t->spectrum + 2 * pixel, 2, from,
         smaller(PART, pixels_of(s) - pixel), false);
    }
}

static void spectra_in(const transforms *t, const float *spectra, float *x, ir_shape s, int first,
                       int count, bool add)
{
    s.n = count;
    x += (size_t)first * (size_t)blocks(s.c) * plane(s);
    const int parts = parts_of(s);
#pragma omp parallel for schedule(static) if (!is_small(s))
    for (int i = 0; i < parts; i++) {
        const part p = part_at(s, i);
        lane_source from[B] = {0};
        for (int l = 0; l < B && p.block * B + l < s.c; l++) {
            const size_t at = part_of_spectrum(t, s, p.image, p.block * B + l);
            from[l] = (lane_source){spectra + at + 2 * p.pixel, 2};
        }
        IR_NAME(ir_cpu_gather_lanes)(x + p.at, B, from, p.pixels, add);
    }
}

/* ---- the transforms ---------------------------------------------------------------------------*/

/* Columns that stand for themselves only: 0, and W / 2 when W is even. */
static bool is_single(int v, int w)
{
    return v == 0 || 2 * v == w;
}

/* Multiplies the columns of a spectrum. */
static void weigh(float *spectrum, ir_shape s, float single, float mirrored)
{
    const int columns = s.w / 2 + 1;
    for (int u = 0; u < s.h; u++)
        for (int v = 0; v < columns; v++) {
            float *z = spectrum + 2 * ((size_t)u * (size_t)columns + (size_t)v);
            const float by = is_single(v, s.w) ? single : mirrored;
            z[0] *= by;
            z[1] *= by;
        }
}

/* The spectrum of a real plane has z[u] = conj(z[-u]) in the single columns, and FFTW relies on it.
 * This keeps of each such column the part with that symmetry, which has the same effect as ignoring
 * the imaginary part that the plane would get. numpy.fft.irfft2 does so. */
static void make_hermitian(float *spectrum, ir_shape s)
{
    const int columns = s.w / 2 + 1;
    for (int v = 0; v < columns; v++) {
        if (!is_single(v, s.w))
            continue;
        for (int u = 0; u <= s.h / 2; u++) {
            const int mirror = (s.h - u) % s.h;
            float *a = spectrum + 2 * ((size_t)u * (size_t)columns + (size_t)v);
            float *b = spectrum + 2 * ((size_t)mirror * (size_t)columns + (size_t)v);
            const float real = (a[0] + b[0]) / 2, imaginary = (a[1] - b[1]) / 2;
            a[0] = b[0] = real;
            a[1] = imaginary;
            b[1] = u == mirror ? imaginary : -imaginary;
        }
    }
}

/* to = or += the spectra of `from`, their columns weighed. */
static void transform(ir_call *call, const float *from, float *to, float single, float mirrored,
                      bool add)
{
    const transforms *t = call->state;
    const ir_shape s = planes_shape(call), z = {s.n, 2 * s.c, s.h, s.w / 2 + 1};
    for (int first = 0; first < s.n; first += t->images) {
        const int images = (int)smaller((size_t)t->images, (size_t)(s.n - first));
        float *planes = call->scratch, *spectra = planes + (size_t)(images * s.c) * t->plane;
        planes_out(t, planes, from, s, first, images);
#pragma omp parallel for schedule(static) if (!is_small(s))
        for (int i = 0; i < images * s.c; i++) {
            float *spectrum = spectra + (size_t)i * t->spectrum;
            fftwf_execute_dft_r2c(t->to_spectrum, planes + (size_t)i * t->plane,
                                  (fftwf_complex *)spectrum);
            if (single != 1 || mirrored != 1)
                weigh(spectrum, s, single, mirrored);
        }
        spectra_in(t, spectra, to, z, first, images, add);
    }
}

/* to = or += the planes of `from`: sum_v w_v Re sum_u ... with w_v = single, or 2 mirrored. */
static void transform_back(ir_call *call, const float *from, float *to, float single,
                           float mirrored, bool add)
{
    const transforms *t = call->state;
    const ir_shape s = planes_shape(call), z = {s.n, 2 * s.c, s.h, s.w / 2 + 1};
    for (int first = 0; first < s.n; first += t->images) {
        const int images = (int)smaller((size_t)t->images, (size_t)(s.n - first));
        float *planes = call->scratch, *spectra = planes + (size_t)(images * s.c) * t->plane;
        spectra_out(t, spectra, from, z, first, images);
#pragma omp parallel for schedule(static) if (!is_small(s))
        for (int i = 0; i < images * s.c; i++) {
            float *spectrum = spectra + (size_t)i * t->spectrum;
            weigh(spectrum, s, single, mirrored);
            make_hermitian(spectrum, s);
            fftwf_execute_dft_c2r(t->to_plane, (fftwf_complex *)spectrum,
                                  planes + (size_t)i * t->plane);
        }
        planes_in(t, planes, to, s, first, images, add);
    }
}

static float one_over_pixels(const ir_call *call)
{
    return 1 / (float)pixels_of(planes_shape(call));
}

static void rfft2_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    transform(call, call->in[0]->value, call->value, 1, 1, false);
}

static void rfft2_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    transform_back(call, call->grad, call->in[0]->grad, 1, 0.5f, call->grad_use[0] == IR_GRAD_ADD);
}

static void irfft2_forward(ir_backend *b, ir_call *call)
{
    (void)b;
    const float share = one_over_pixels(call);
    transform_back(call, call->in[0]->value, call->value, share, share, false);
}

static void irfft2_backward(ir_backend *b, ir_call *call)
{
    (void)b;
    const float share = one_over_pixels(call);
    transform(call, call->grad, call->in[0]->grad, share, 2 * share,
              call->grad_use[0] == IR_GRAD_ADD);
}

const ir_op_table IR_NAME(ir_cpu_rfft2) = {
    .prepare = prepare, .forward = rfft2_forward, .backward = rfft2_backward, .release = release};
const ir_op_table IR_NAME(ir_cpu_irfft2) = {
    .prepare = prepare, .forward = irfft2_forward, .backward = irfft2_backward, .release = release};
