/* The emulated cuFFT: one plane after the other through FFTW in double precision. */
#include "cufft.h"

#include <fftw3.h>
#include <string.h>

#include "emulator.h"

namespace emulated_cuda
{

/* FFTW's plan, and the plane and the half spectrum that it works on */
struct transform {
    int h, w;
    double *plane;
    fftw_complex *spectrum;
    fftw_plan plan;
    transform(int h_, int w_, cufftType type) : h(h_), w(w_)
    {
        plane = fftw_alloc_real((size_t)h * (size_t)w);
        spectrum = fftw_alloc_complex((size_t)h * half());
        plan = type == CUFFT_R2C ? fftw_plan_dft_r2c_2d(h, w, plane, spectrum, FFTW_ESTIMATE)
                                 : fftw_plan_dft_c2r_2d(h, w, spectrum, plane, FFTW_ESTIMATE);
    }
    ~transform()
    {
        fftw_destroy_plan(plan);
        fftw_free(plane);
        fftw_free(spectrum);
    }
    transform(const transform &) = delete;
    size_t half() const { return (size_t)w / 2 + 1; }
};

struct fft_plan {
    int device;
    bool automatic = true;
    cufftType type = CUFFT_R2C;
    int batch = 0;
    size_t bytes = 0;
    void *area = nullptr;
    bool own_area = false;
    cudaStream_t stream = nullptr;
    std::shared_ptr<transform> how; /* none until it is made */
};

static std::map<cufftHandle, fft_plan> &plans()
{
    static auto &all = *new std::map<cufftHandle, fft_plan>();
    return all;
}

static fft_plan *find_plan(cufftHandle plan)
{
    const auto found = plans().find(plan);
    return found == plans().end() ? nullptr : &found->second;
}

static void to_spectrum(const transform &t, const float *in, float2 *out)
{
    for (size_t i = 0; i < (size_t)t.h * (size_t)t.w; i++)
        t.plane[i] = in[i];
    fftw_execute(t.plan);
    for (size_t i = 0; i < (size_t)t.h * t.half(); i++)
        out[i] = make_float2((float)t.spectrum[i][0], (float)t.spectrum[i][1]);
}

/* FFTW leaves out what a real plane cannot have. */
static void to_plane(const transform &t, const float2 *in, float *out)
{
    for (size_t i = 0; i < (size_t)t.h * t.half(); i++) {
        t.spectrum[i][0] = in[i].x;
        t.spectrum[i][1] = in[i].y;
    }
    fftw_execute(t.plan);
    for (size_t i = 0; i < (size_t)t.h * (size_t)t.w; i++)
        out[i] = (float)t.plane[i];
}

static void check_ranges(const fft_plan &p, const void *planes, const void *spectra)
{
    const size_t batch = (size_t)p.batch, plane = (size_t)p.how->h * (size_t)p.how->w;
    const size_t plane_bytes = batch * plane * sizeof(float);
    const size_t spectrum_bytes = batch * (size_t)p.how->h * p.how->half() * sizeof(float2);
    if (place_of(planes, plane_bytes) == PAGEABLE ||
        place_of(spectra, spectrum_bytes) == PAGEABLE || place_of(p.area, p.bytes) == PAGEABLE)
        die("cuFFT: an array or the work area lies in host memory");
    if ((const char *)planes < (const char *)spectra + spectrum_bytes &&
        (const char *)spectra < (const char *)planes + plane_bytes)
        die("cuFFT: planes and spectra overlap");
}

static void run_plan(const fft_plan &p, float *planes, float2 *spectra)
{
    const transform &t = *p.how;
    const size_t plane = (size_t)t.h * (size_t)t.w, spectrum = (size_t)t.h * t.half();
    check_ranges(p, planes, spectra);
    for (size_t i = 0; i < p.bytes; i++)
        ((unsigned char *)p.area)[i] = (unsigned char)random_number();
    for (size_t b = 0; b < (size_t)p.batch; b++) {
        if (p.type == CUFFT_R2C)
            to_spectrum(t, planes + b * plane, spectra + b * spectrum);
        else
            to_plane(t, spectra + b * spectrum, planes + b * plane);
    }
    if (p.type == CUFFT_C2R)
        memset(spectra, 0xff, (size_t)p.batch * spectrum * sizeof(float2));
}

static cufftResult queue_plan(cufftHandle handle, cufftType type, float *planes, float2 *spectra)
{
    const fft_plan *p = find_plan(handle);
    if (!p || !p->how)
        return CUFFT_INVALID_PLAN;
    if (p->type != type)
        return CUFFT_INVALID_TYPE;
    if (!planes || !spectra)
        return CUFFT_INVALID_VALUE;
    if (!p->area)
        return CUFFT_NO_WORKSPACE;
    work item;
    item.what = type == CUFFT_R2C ? "cufftExecR2C" : "cufftExecC2R";
    item.run = [plan = *p, planes, spectra] { run_plan(plan, planes, spectra); };
    return enqueue(p->stream, item) ? CUFFT_EXEC_FAILED : CUFFT_SUCCESS;
}

/* whether an advanced layout says nothing but that the planes, w wide, follow each other */
static bool is_contiguous(const int *embed, int stride, int distance, int h, int w)
{
    return !embed || (embed[1] == w && stride == 1 && distance == h * w);
}

static cufftResult make_plan(fft_plan &p, const int *n, cufftType type, int batch)
{
    p.type = type;
    p.batch = batch;
    p.bytes = 200 + 8 * (size_t)n[0] + 16 * (size_t)type + (size_t)batch;
    p.how = std::make_shared<transform>(n[0], n[1], type);
    if (!p.automatic)
        return CUFFT_SUCCESS;
    p.own_area = true;
    return cudaMalloc(&p.area, p.bytes) ? CUFFT_ALLOC_FAILED : CUFFT_SUCCESS;
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cufftResult cufftGetVersion(int *version)
{
    *version = CUFFT_VERSION;
    return CUFFT_SUCCESS;
}

cufftResult cufftCreate(cufftHandle *plan)
{
    const auto locked = lock();
    static cufftHandle last = 0;
    if (unusable())
        return CUFFT_SETUP_FAILED;
    *plan = ++last;
    plans()[*plan].device = current_device();
    return CUFFT_SUCCESS;
}

cufftResult cufftDestroy(cufftHandle plan)
{
    const auto locked = lock();
    fft_plan *p = find_plan(plan);
    if (!p)
        return CUFFT_INVALID_PLAN;
    if (p->own_area && cudaFree(p->area))
        return CUFFT_INTERNAL_ERROR;
    plans().erase(plan);
    return CUFFT_SUCCESS;
}

cufftResult cufftMakePlanMany(cufftHandle plan, int rank, int *n, int *inembed, int istride,
                              int idist, int *onembed, int ostride, int odist, cufftType type,
                              int batch, size_t *bytes)
{
    const auto locked = lock();
    fft_plan *p = find_plan(plan);
    if (!p || p->how || p->device != current_device())
        return CUFFT_INVALID_PLAN;
    if (type != CUFFT_R2C && type != CUFFT_C2R)
        return CUFFT_NOT_IMPLEMENTED;
    if (rank != 2 || n[0] < 1 || n[1] < 1 || batch < 1)
        return CUFFT_INVALID_SIZE;
    const int in = type == CUFFT_R2C ? n[1] : n[1] / 2 + 1;
    const int out = type == CUFFT_R2C ? n[1] / 2 + 1 : n[1];
    if (!inembed != !onembed || !is_contiguous(inembed, istride, idist, n[0], in) ||
        !is_contiguous(onembed, ostride, odist, n[0], out))
        return CUFFT_NOT_SUPPORTED;
    if (capture_forbids())
        return CUFFT_INTERNAL_ERROR;
    const cufftResult result = make_plan(*p, n, type, batch);
    *bytes = p->bytes;
    return result;
}

cufftResult cufftPlanMany(cufftHandle *plan, int rank, int *n, int *inembed, int istride, int idist,
                          int *onembed, int ostride, int odist, cufftType type, int batch)
{
    size_t bytes;
    if (const cufftResult result = cufftCreate(plan))
        return result;
    return cufftMakePlanMany(*plan, rank, n, inembed, istride, idist, onembed, ostride, odist, type,
                             batch, &bytes);
}

cufftResult cufftGetSize(cufftHandle plan, size_t *bytes)
{
    const auto locked = lock();
    const fft_plan *p = find_plan(plan);
    if (!p || !p->how)
        return CUFFT_INVALID_PLAN;
    *bytes = p->bytes;
    return CUFFT_SUCCESS;
}

cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream)
{
    const auto locked = lock();
    fft_plan *p = find_plan(plan);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!p || !s || s->device != p->device)
        return CUFFT_INVALID_PLAN;
    p->stream = stream;
    return CUFFT_SUCCESS;
}

/* before the plan is made */
cufftResult cufftSetAutoAllocation(cufftHandle plan, int automatic)
{
    const auto locked = lock();
    fft_plan *p = find_plan(plan);
    if (!p || p->how)
        return CUFFT_INVALID_PLAN;
    p->automatic = automatic;
    return CUFFT_SUCCESS;
}

/* a work area of its own is given up */
cufftResult cufftSetWorkArea(cufftHandle plan, void *area)
{
    const auto locked = lock();
    fft_plan *p = find_plan(plan);
    if (!p || !p->how)
        return CUFFT_INVALID_PLAN;
    if (p->own_area && cudaFree(p->area))
        return CUFFT_INTERNAL_ERROR;
    p->own_area = false;
    p->area = area;
    return CUFFT_SUCCESS;
}

cufftResult cufftExecR2C(cufftHandle plan, cufftReal *in, cufftComplex *out)
{
    const auto locked = lock();
    return queue_plan(plan, CUFFT_R2C, in, out);
}

cufftResult cufftExecC2R(cufftHandle plan, cufftComplex *in, cufftReal *out)
{
    const auto locked = lock();
    return queue_plan(plan, CUFFT_C2R, out, in);
}
