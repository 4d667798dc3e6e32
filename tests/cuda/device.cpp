/* The emulated devices themselves: settings from the environment, errors, properties. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator.h"

namespace emulated_cuda
{

static thread_local cudaError_t last_error = cudaSuccess;
static thread_local int device_of_thread = 0;

void die(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fflush(stdout);
    fprintf(stderr, "emulated CUDA: %s\n", text);
    abort();
}

static size_t number(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    if (!text)
        return otherwise;
    char *end;
    const unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end)
        die("%s: not a number: '%s'", name, text);
    return (size_t)value;
}

static settings read_environment()
{
    settings s;
    s.devices = (int)number("EMULATED_CUDA_DEVICES", 1);
    s.memory = number("EMULATED_CUDA_MEMORY", (size_t)2 << 30);
    const char *driver = getenv("EMULATED_CUDA_DRIVER");
    if (driver && strcmp(driver, "old") != 0)
        die("EMULATED_CUDA_DRIVER: '%s' is not 'old'", driver);
    s.driver_is_old = driver != nullptr;
    s.check_each = number("EMULATED_CUDA_CHECK", 0) != 0;
    s.print_leaks = number("EMULATED_CUDA_LEAKS", 0) != 0;
    s.workspace = number("EMULATED_CUDNN_WORKSPACE", 0);
    const char *list = getenv("EMULATED_CUDNN_LIST");
    if (list && strcmp(list, "uncertain") != 0)
        die("EMULATED_CUDNN_LIST: '%s' is not 'uncertain'", list);
    s.list_uncertain = list != nullptr;
    s.waits = getenv("EMULATED_CUDA_WAITS");
    return s;
}

const settings &environment()
{
    static const settings s = read_environment();
    return s;
}

std::unique_lock<std::recursive_mutex> lock()
{
    static std::recursive_mutex &mutex = *new std::recursive_mutex;
    return std::unique_lock<std::recursive_mutex>(mutex);
}

cudaError_t unusable()
{
    if (environment().driver_is_old)
        return cudaErrorInsufficientDriver;
    return environment().devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t result(cudaError_t error)
{
    if (error != cudaSuccess && error != cudaErrorNotReady)
        last_error = error;
    return error;
}

int current_device()
{
    return device_of_thread;
}

uint32_t random_number()
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cudaError_t cudaGetDeviceCount(int *count)
{
    const auto locked = lock();
    *count = unusable() ? 0 : environment().devices;
    return result(unusable());
}

cudaError_t cudaGetDevice(int *device)
{
    *device = current_device();
    return result(unusable());
}

cudaError_t cudaSetDevice(int device)
{
    if (const cudaError_t error = unusable())
        return result(error);
    if (device < 0 || device >= environment().devices)
        return result(cudaErrorInvalidDevice);
    device_of_thread = device;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device)
{
    if (const cudaError_t error = unusable())
        return result(error);
    if (device < 0 || device >= environment().devices)
        return result(cudaErrorInvalidDevice);
    *properties = {};
    snprintf(properties->name, sizeof properties->name, "Emulated CUDA device");
    properties->totalGlobalMem = environment().memory;
    properties->sharedMemPerBlock = 48 << 10;
    properties->warpSize = warpSize;
    properties->maxThreadsPerBlock = 1024;
    properties->maxThreadsPerMultiProcessor = 2048;
    properties->major = 8;
    properties->minor = 0;
    properties->multiProcessorCount = 4;
    properties->l2CacheSize = 4 << 20;
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = environment().driver_is_old ? 11040 : CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return last_error;
}

static const struct {
    cudaError_t error;
    const char *name, *text;
} errors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "an argument is wrong"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "the device has no memory left"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "CUDA cannot start"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
     "a launch has a wrong number of blocks or threads"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "wrong copy direction"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "the driver is older than the CUDA runtime"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "there is no CUDA device"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "there is no device of that number"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle",
     "a stream, event or graph does not exist here"},
    {cudaErrorNotReady, "cudaErrorNotReady", "not finished yet"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an address is illegal"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "a launch failed"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "not supported"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "not allowed while a stream is captured"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "an earlier error has spoiled the capture"},
    {cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched",
     "the capture did not begin in this stream"},
    {cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined",
     "a captured stream was not joined to the first"},
    {cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation",
     "a capture may not wait for what is outside of it"},
    {cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit",
     "the default stream would wait for a captured stream"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent", "the event belongs to a capture"},
    {cudaErrorStreamCaptureWrongThread, "cudaErrorStreamCaptureWrongThread",
     "the capture was begun by another thread"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const char *cudaGetErrorString(cudaError_t error)
{
    for (const auto &e : errors)
        if (e.error == error)
            return e.text;
    return "unrecognized error code";
}

const char *cudaGetErrorName(cudaError_t error)
{
    for (const auto &e : errors)
        if (e.error == error)
            return e.name;
    return "unrecognized error code";
}
