/* cudaMemcpy and cudaMemset: which of them wait, and what they read when. */
#include <string.h>

#include "emulator.h"

namespace emulated_cuda
{

static bool direction_fits(enum cudaMemcpyKind kind, place to, place from)
{
    switch (kind) {
    case cudaMemcpyHostToHost:
        return to != DEVICE && from != DEVICE;
    case cudaMemcpyHostToDevice:
        return to == DEVICE && from != DEVICE;
    case cudaMemcpyDeviceToHost:
        return to != DEVICE && from == DEVICE;
    case cudaMemcpyDeviceToDevice:
        return to == DEVICE && from == DEVICE;
    case cudaMemcpyDefault:
        return true;
    }
    return false;
}

static work copy_work(void *to, const void *from, size_t count)
{
    work item;
    item.what = "cudaMemcpy";
    item.run = [to, from, count] {
        place_of(to, count); /* may have been freed, if a graph replays this */
        place_of(from, count);
        memmove(to, from, count);
    };
    return item;
}

/* Pageable memory is staged: read before the call returns, written before the call returns. */
static cudaError_t copy_pageable(void *to, const void *from, size_t count, place source,
                                 cudaStream_t stream)
{
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (s->capturing) {
        s->capturing->invalid = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    if (source == PAGEABLE) {
        auto staged = std::make_shared<std::vector<unsigned char>>(count);
        memcpy(staged->data(), from, count);
        work item = copy_work(to, staged->data(), count);
        item.run = [staged, run = item.run] { run(); };
        return enqueue(stream, item);
    }
    if (const cudaError_t error = enqueue(stream, copy_work(to, from, count)))
        return error;
    drain(*s);
    return cudaSuccess;
}

static cudaError_t set(void *pointer, int value, size_t count, cudaStream_t stream)
{
    if (!count)
        return cudaSuccess;
    if (place_of(pointer, count) == PAGEABLE)
        return cudaErrorInvalidValue;
    work item;
    item.what = "cudaMemset";
    item.run = [pointer, value, count] {
        place_of(pointer, count);
        memset(pointer, value, count);
    };
    return enqueue(stream, item);
}

} // namespace emulated_cuda

using namespace emulated_cuda;

/* Waits, except from device to device; but only for what the default stream waits for. */
cudaError_t cudaMemcpy(void *to, const void *from, size_t count, enum cudaMemcpyKind kind)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    if (!count)
        return cudaSuccess;
    const place target = place_of(to, count), source = place_of(from, count);
    if (!direction_fits(kind, target, source))
        return result(cudaErrorInvalidValue);
    if (const cudaError_t error = enqueue(nullptr, copy_work(to, from, count)))
        return result(error);
    if (target != DEVICE || source != DEVICE)
        drain(*find_stream(nullptr));
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t count, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (!find_stream(stream))
        return result(cudaErrorInvalidResourceHandle);
    if (!count)
        return cudaSuccess;
    const place target = place_of(to, count), source = place_of(from, count);
    if (!direction_fits(kind, target, source))
        return result(cudaErrorInvalidValue);
    if (target == PAGEABLE || source == PAGEABLE)
        return result(copy_pageable(to, from, count, source, stream));
    return result(enqueue(stream, copy_work(to, from, count)));
}

cudaError_t cudaMemset(void *pointer, int value, size_t count)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    return result(set(pointer, value, count, nullptr));
}

cudaError_t cudaMemsetAsync(void *pointer, int value, size_t count, cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    return result(set(pointer, value, count, stream));
}
