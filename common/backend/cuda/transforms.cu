/* cuFFT's plans: see transforms.h. */
#include "backend/cuda/transforms.h"

#include <stdlib.h>
#include <string.h>

struct ir_transform {
    int h, w, planes;
    cufftHandle to_spectrum, to_plane;
    size_t workspace;
    ir_transform *next;
};

void ir_cufft_check(cufftResult result, const char *call)
{
    if (result != CUFFT_SUCCESS)
        ir_die("cuda: %.*s: cuFFT error %d", (int)strcspn(call, "("), call, (int)result);
}

static cufftHandle make_plan(ir_cuda *cuda, const ir_transform *t, cufftType type, size_t *bytes)
{
    cufftHandle plan;
    int size[] = {t->h, t->w};
    IR_CUFFT(cufftCreate(&plan));
    IR_CUFFT(cufftSetAutoAllocation(plan, 0));
    IR_CUFFT(cufftMakePlanMany(plan, 2, size, NULL, 1, 0, NULL, 1, 0, type, t->planes, bytes));
    /* It may send its tables to the device by another stream than ours. */
    IR_CUDA(cudaDeviceSynchronize());
    IR_CUFFT(cufftSetStream(plan, cuda->stream));
    return plan;
}

ir_transform *ir_transform_for(ir_cuda *cuda, int h, int w, int planes)
{
    for (ir_transform *t = cuda->transforms; t; t = t->next)
        if (t->h == h && t->w == w && t->planes == planes)
            return t;
    ir_transform *t = static_cast<ir_transform *>(ir_calloc(1, sizeof *t));
    size_t back;
    t->h = h;
    t->w = w;
    t->planes = planes;
    t->to_spectrum = make_plan(cuda, t, CUFFT_R2C, &t->workspace);
    t->to_plane = make_plan(cuda, t, CUFFT_C2R, &back);
    if (back > t->workspace)
        t->workspace = back;
    t->next = cuda->transforms;
    cuda->transforms = t;
    return t;
}

size_t ir_transform_workspace(const ir_transform *t)
{
    return t->workspace;
}

void ir_transform_run(ir_transform *t, float *planes, float2 *spectra, void *workspace)
{
    IR_CUFFT(cufftSetWorkArea(t->to_spectrum, workspace));
    IR_CUFFT(cufftExecR2C(t->to_spectrum, planes, reinterpret_cast<cufftComplex *>(spectra)));
}

void ir_transform_back(ir_transform *t, float2 *spectra, float *planes, void *workspace)
{
    IR_CUFFT(cufftSetWorkArea(t->to_plane, workspace));
    IR_CUFFT(cufftExecC2R(t->to_plane, reinterpret_cast<cufftComplex *>(spectra), planes));
}

void ir_transforms_free(ir_cuda *cuda)
{
    while (cuda->transforms) {
        ir_transform *t = cuda->transforms;
        cuda->transforms = t->next;
        IR_CUFFT(cufftDestroy(t->to_spectrum));
        IR_CUFFT(cufftDestroy(t->to_plane));
        free(t);
    }
}
