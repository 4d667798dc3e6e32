/* Capturing streams into graphs, and replaying these. A graph is the list of its work in the order
 * in which the host gave it: one of the orders that the streams and events allow. */
#include <pthread.h>

#include <algorithm>

#include "emulator.h"

namespace emulated_cuda
{

struct graphs {
    std::vector<std::shared_ptr<capture>> captures; /* in progress */
    std::map<const capture *, std::vector<std::shared_ptr<CUstream_st>>> members;
    std::map<const CUgraph_st *, std::unique_ptr<CUgraph_st>> all;
    std::map<const CUgraphExec_st *, std::unique_ptr<CUgraphExec_st>> executable;
};

static graphs &state()
{
    static graphs &g = *new graphs();
    return g;
}

bool capture_forbids()
{
    bool forbidden = false;
    for (const auto &c : state().captures)
        if (c->mode == cudaStreamCaptureModeGlobal ||
            (c->mode == cudaStreamCaptureModeThreadLocal &&
             pthread_equal(c->thread, pthread_self())))
            c->invalid = forbidden = true;
    return forbidden;
}

bool capture_of_blocking_stream()
{
    bool found = false;
    for (const auto &c : state().captures)
        for (const auto &s : state().members[c.get()])
            if (s->blocking)
                c->invalid = found = true;
    return found;
}

cudaError_t capture_work(CUstream_st &stream, work item)
{
    capture &c = *stream.capturing;
    if (c.invalid)
        return cudaErrorStreamCaptureInvalidated;
    if (item.run)
        c.items.push_back(std::move(item));
    stream.seen[&stream] = ++c.done[&stream];
    return cudaSuccess;
}

void capture_mark(CUstream_st &stream, point &mark)
{
    mark.captured = stream.capturing;
    mark.seen = stream.seen;
}

/* A stream that waits for a captured event joins its capture. */
cudaError_t capture_wait(CUstream_st &stream, const std::shared_ptr<point> &until)
{
    if (!until || !until->captured || (stream.capturing && stream.capturing != until->captured)) {
        stream.capturing->invalid = true;
        return cudaErrorStreamCaptureIsolation;
    }
    const std::shared_ptr<capture> c = until->captured;
    if (std::find(state().captures.begin(), state().captures.end(), c) == state().captures.end())
        return cudaErrorCapturedEvent;
    if (c->invalid)
        return cudaErrorStreamCaptureInvalidated;
    if (!stream.capturing) {
        stream.capturing = c;
        stream.seen.clear();
        state().members[c.get()].push_back(find_stream(&stream));
        stream.seen[&stream] = ++c->done[&stream]; /* to be joined even if it does nothing */
    }
    for (const auto &other : until->seen)
        stream.seen[other.first] = std::max(stream.seen[other.first], other.second);
    return cudaSuccess;
}

/* Forgets the capture; returns whether its first stream has waited for all others. */
static bool finish(const std::shared_ptr<capture> &c, CUstream_st &origin)
{
    const bool joined = std::all_of(c->done.begin(), c->done.end(), [&](const auto &other) {
        return origin.seen[other.first] >= other.second;
    });
    for (const auto &s : state().members[c.get()]) {
        s->capturing = nullptr;
        s->seen.clear();
    }
    state().members.erase(c.get());
    state().captures.erase(std::find(state().captures.begin(), state().captures.end(), c));
    return joined;
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!s)
        return result(cudaErrorInvalidResourceHandle);
    if (!stream)
        return result(cudaErrorStreamCaptureUnsupported);
    if (s->capturing)
        return result(cudaErrorInvalidValue);
    auto c = std::make_shared<capture>();
    c->mode = mode;
    c->thread = pthread_self();
    c->origin = stream;
    s->capturing = c;
    s->seen.clear();
    state().captures.push_back(c);
    state().members[c.get()].push_back(s);
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    *graph = nullptr;
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!s)
        return result(cudaErrorInvalidResourceHandle);
    const std::shared_ptr<capture> c = s->capturing;
    if (!c)
        return result(cudaErrorInvalidValue);
    if (c->mode != cudaStreamCaptureModeRelaxed && !pthread_equal(c->thread, pthread_self()))
        return result(cudaErrorStreamCaptureWrongThread);
    if (c->origin != stream) {
        c->invalid = true;
        return result(cudaErrorStreamCaptureUnmatched);
    }
    const bool joined = finish(c, *s);
    if (c->invalid)
        return result(cudaErrorStreamCaptureInvalidated);
    if (!joined)
        return result(cudaErrorStreamCaptureUnjoined);
    auto made = std::make_unique<CUgraph_st>();
    made->items = std::move(c->items);
    *graph = made.get();
    state().all[*graph] = std::move(made);
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!s)
        return result(cudaErrorInvalidResourceHandle);
    *status = !s->capturing           ? cudaStreamCaptureStatusNone
              : s->capturing->invalid ? cudaStreamCaptureStatusInvalidated
                                      : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (!state().all.count(graph))
        return result(cudaErrorInvalidValue);
    auto made = std::make_unique<CUgraphExec_st>();
    made->device = current_device();
    made->items = std::make_shared<const std::vector<work>>(graph->items);
    *exec = made.get();
    state().executable[*exec] = std::move(made);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (!state().executable.count(exec))
        return result(cudaErrorInvalidValue);
    if (!find_stream(stream) || exec->device != current_device())
        return result(cudaErrorInvalidResourceHandle);
    for (const work &item : *exec->items)
        if (const cudaError_t error = enqueue(stream, item))
            return result(error);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    return result(state().all.erase(graph) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    return result(state().executable.erase(exec) ? cudaSuccess : cudaErrorInvalidValue);
}
