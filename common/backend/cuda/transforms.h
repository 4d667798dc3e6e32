/* cuFFT's plans, made once per shape and shared by all nodes. */
#ifndef IR_CUDA_TRANSFORMS_H
#define IR_CUDA_TRANSFORMS_H

#include <cufft.h>

#include "backend/cuda/cuda.h"

#define IR_CUFFT(call) ir_cufft_check((call), #call)
void ir_cufft_check(cufftResult result, const char *call);

struct ir_transform; /* of `planes` real planes of h x w, to their spectra and back */

ir_transform *ir_transform_for(ir_cuda *cuda, int h, int w, int planes);
size_t ir_transform_workspace(const ir_transform *t); /* bytes */
/* planes: h w floats each; spectra: h (w/2 + 1) complex numbers each, which ir_transform_back
 * overwrites. Unnormalised. */
void ir_transform_run(ir_transform *t, float *planes, float2 *spectra, void *workspace);
void ir_transform_back(ir_transform *t, float2 *spectra, float *planes, void *workspace);

void ir_transforms_free(ir_cuda *cuda); /* frees all of them */

#endif
