/* What a program does wrong on a device: each of these is to be stopped. */
#include "test.h"

__global__ void set_at(float *out, int i)
{
    out[i] = 1.0f;
}

__global__ void divergent_barrier()
{
    if (threadIdx.x < 5)
        __syncthreads();
}

__global__ void divergent_shuffle(float *out)
{
    if (threadIdx.x < 5)
        *out = __shfl_down_sync(0xffffffffu, 1.0f, 1);
    else
        __syncthreads();
}

void touch_device_memory()
{
    volatile float *array = device_array<float>(1);
    array[0] = 1;
}

void write_past_the_end()
{
    float *array = device_array<float>(100);
    launch(1, 101, nullptr, increment, array, (size_t)101);
    OK(cudaDeviceSynchronize());
}

void write_before_the_begin()
{
    float *array = device_array<float>(100);
    launch(1, 1, nullptr, set_at, array, -1);
    OK(cudaFree(array));
}

void give_host_memory()
{
    float value = 0;
    launch(1, 1, nullptr, increment, &value, 1);
    OK(cudaDeviceSynchronize());
}

void capture_host_memory()
{
    const float value = 0, *host = &value;
    float *out = device_array<float>(1);
    const auto body = [=] __device__(size_t i) { out[i] = *host; };
    launch(1, 1, nullptr, for_each<decltype(body)>, (size_t)1, body);
    OK(cudaDeviceSynchronize());
}

void use_other_device()
{
    OK(cudaSetDevice(1));
    cudaStream_t stream = new_stream();
    float *array = device_array<float>(1);
    OK(cudaSetDevice(0));
    const cudaLaunchConfig_t c = config(1, 1, stream);
    CHECK(cudaLaunchKernelEx(&c, increment, array, 1) == cudaErrorInvalidResourceHandle);
    launch(1, 1, nullptr, increment, array, 1);
    OK(cudaDeviceSynchronize());
}

void use_freed_memory()
{
    cudaStream_t stream = new_stream();
    float *array = device_array<float>(1);
    begin(stream);
    launch(1, 1, stream, increment, array, 1);
    cudaGraphExec_t exec = end(stream);
    OK(cudaFree(array));
    OK(cudaGraphLaunch(exec, stream));
    OK(cudaStreamSynchronize(stream));
}

void diverge_at_barrier()
{
    launch(1, 32, nullptr, divergent_barrier);
    OK(cudaDeviceSynchronize());
}

void diverge_at_shuffle()
{
    launch(1, 32, nullptr, divergent_shuffle, device_array<float>(1));
    OK(cudaDeviceSynchronize());
}

void leak()
{
    device_array<float>(25);
}
