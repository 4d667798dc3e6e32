/* Streams and events. Work waits in its stream until somebody synchronises with it, and then no
 * more is done than that needs: what is read or overwritten too early is wrong in every run. */
#include <cxxabi.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <string>

#include "emulator.h"

namespace emulated_cuda
{

struct streams {
    std::map<const CUstream_st *, std::shared_ptr<CUstream_st>> living, destroyed;
    std::vector<std::shared_ptr<CUstream_st>> defaults; /* one of each device */
    std::map<const CUevent_st *, std::shared_ptr<CUevent_st>> events;
    const work *running;
    size_t pieces_done;
};

static streams &all()
{
    static streams *s = nullptr;
    if (!s) {
        s = new streams();
        for (int device = 0; device < environment().devices; device++)
            s->defaults.push_back(
                std::make_shared<CUstream_st>(CUstream_st{device, false, {}, {}, {}}));
    }
    return *s;
}

const work *running()
{
    return all().running;
}

/* of a kernel whose name is local: a lambda's type among them tells where it is */
static std::string types_of(const work &item)
{
    const std::string text = item.given.types;
    const size_t begin = text.find("Expected = {"), end = text.find("}; Actual");
    if (begin == std::string::npos || end == std::string::npos)
        return "";
    return " of (" + text.substr(begin + 12, end - begin - 12) + ")";
}

std::string describe(const work &item)
{
    if (!item.kernel)
        return item.what;
    Dl_info info;
    if (!dladdr(item.kernel, &info) || !info.dli_sname)
        return "a kernel" + types_of(item);
    int status;
    char *name = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status);
    const std::string text = std::string("kernel ") + (name ? name : info.dli_sname);
    free(name);
    return text;
}

std::shared_ptr<CUstream_st> find_stream(cudaStream_t stream)
{
    if (!stream)
        return all().defaults[(size_t)current_device()];
    const auto found = all().living.find(stream);
    return found == all().living.end() ? nullptr : found->second;
}

/* ---- doing what is queued -------------------------------------------------------------------- */

static void step(CUstream_st &stream);

static void drain_until(const point &until)
{
    while (!until.reached)
        step(*until.owner);
}

static void do_work(const work &item, int device)
{
    check_arguments(item, device);
    all().running = &item;
    item.run();
    all().running = nullptr;
    all().pieces_done++;
    if (environment().check_each)
        check_guards(("after " + describe(item)).c_str());
}

/* Does the first piece of work of the stream, and before that what it waits for elsewhere. */
static void step(CUstream_st &stream)
{
    const window open;
    const work item = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (item.wait)
        drain_until(*item.wait);
    if (item.run)
        do_work(item, stream.device);
    if (item.mark) {
        item.mark->reached = true;
        clock_gettime(CLOCK_MONOTONIC, &item.mark->time);
    }
}

void drain(CUstream_st &stream)
{
    const window open;
    while (!stream.queue.empty())
        step(stream);
}

void drain_device(int device)
{
    for (const auto &s : all().living)
        if (s.second->device == device)
            drain(*s.second);
    for (const auto &s : all().destroyed)
        if (s.second->device == device)
            drain(*s.second);
    drain(*all().defaults[(size_t)device]);
}

static long pieces_in(const CUstream_st &stream)
{
    return std::count_if(stream.queue.begin(), stream.queue.end(),
                         [](const work &item) { return (bool)item.run; });
}

/* The host waits for something in the stream, until this is gone. */
struct host_wait {
    const CUstream_st &stream;
    const size_t before;

    explicit host_wait(const CUstream_st &s) : stream(s), before(all().pieces_done) {}
    ~host_wait()
    {
        FILE *file = environment().waits ? fopen(environment().waits, "a") : nullptr;
        if (!file)
            return;
        fprintf(file, "%zu %ld\n", all().pieces_done - before, pieces_in(stream));
        fclose(file);
    }
};

/* ---- queueing -------------------------------------------------------------------------------- */

/* the point that is reached when all that lies in the stream now is done */
static std::shared_ptr<point> mark_end(CUstream_st &stream)
{
    auto mark = std::make_shared<point>();
    for (const auto *set : {&all().living, &all().destroyed}) {
        const auto found = set->find(&stream);
        if (found != set->end())
            mark->owner = found->second;
    }
    if (!mark->owner)
        mark->owner = all().defaults[(size_t)stream.device];
    work item;
    item.mark = mark;
    stream.queue.push_back(item);
    return mark;
}

static void wait_for_end(CUstream_st &stream, CUstream_st &other)
{
    if (other.queue.empty())
        return;
    work item;
    item.wait = mark_end(other);
    stream.queue.push_back(item);
}

/* The legacy default stream and the blocking streams wait for each other. */
static void wait_implicitly(CUstream_st &stream)
{
    CUstream_st &legacy = *all().defaults[(size_t)stream.device];
    if (stream.blocking)
        wait_for_end(stream, legacy);
    if (&stream != &legacy)
        return;
    for (const auto *set : {&all().living, &all().destroyed})
        for (const auto &s : *set)
            if (s.second->blocking && s.second->device == stream.device)
                wait_for_end(stream, *s.second);
}

cudaError_t enqueue(cudaStream_t stream, work item)
{
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!s || s->device != current_device())
        return cudaErrorInvalidResourceHandle;
    if (s->capturing)
        return capture_work(*s, std::move(item));
    if (!stream && capture_of_blocking_stream())
        return cudaErrorStreamCaptureImplicit;
    wait_implicitly(*s);
    s->queue.push_back(std::move(item));
    return cudaSuccess;
}

/* whether synchronising with the stream is forbidden, which spoils the capture */
static bool synchronising_forbidden(CUstream_st &stream)
{
    if (stream.capturing)
        stream.capturing->invalid = true;
    return capture_forbids() || stream.capturing;
}

static CUevent_st *find_event(cudaEvent_t event)
{
    const auto found = all().events.find(event);
    return found == all().events.end() ? nullptr : found->second.get();
}

/* what keeps the host from asking about the event, or cudaSuccess */
static cudaError_t event_trouble(const CUevent_st *event)
{
    if (!event)
        return cudaErrorInvalidResourceHandle;
    if (event->last && event->last->captured) {
        event->last->captured->invalid = true;
        return cudaErrorCapturedEvent;
    }
    return capture_forbids() ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

static cudaError_t create_stream(cudaStream_t *stream, bool blocking)
{
    auto s = std::make_shared<CUstream_st>(CUstream_st{current_device(), blocking, {}, {}, {}});
    all().living[s.get()] = s;
    *stream = s.get();
    return cudaSuccess;
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (flags != cudaStreamDefault && flags != cudaStreamNonBlocking)
        return result(cudaErrorInvalidValue);
    return create_stream(stream, flags == cudaStreamDefault);
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

/* Its work is still done, when the device is synchronised or something waits for it. */
cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = stream ? find_stream(stream) : nullptr;
    if (!s)
        return result(cudaErrorInvalidResourceHandle);
    if (synchronising_forbidden(*s) && s->capturing)
        return result(cudaErrorStreamCaptureUnsupported);
    all().living.erase(stream);
    if (!s->queue.empty())
        all().destroyed[stream] = s;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!s)
        return result(cudaErrorInvalidResourceHandle);
    if (synchronising_forbidden(*s))
        return result(cudaErrorStreamCaptureUnsupported);
    if (!stream) {
        work nothing;
        if (const cudaError_t error = enqueue(nullptr, nothing))
            return result(error);
    }
    const host_wait waiting(*s);
    drain(*s);
    return cudaSuccess;
}

/* Answers, and then does one piece of work: who asks again and again comes to an end. */
cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    if (!s)
        return result(cudaErrorInvalidResourceHandle);
    if (synchronising_forbidden(*s))
        return result(cudaErrorStreamCaptureUnsupported);
    if (s->queue.empty())
        return cudaSuccess;
    step(*s);
    return cudaErrorNotReady;
}

cudaError_t cudaDeviceSynchronize(void)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    drain_device(current_device());
    all().destroyed.clear();
    check_guards("at cudaDeviceSynchronize");
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (flags & ~(unsigned int)(cudaEventBlockingSync | cudaEventDisableTiming))
        return result(cudaErrorInvalidValue);
    auto e = std::make_shared<CUevent_st>(CUevent_st{!(flags & cudaEventDisableTiming), {}});
    all().events[e.get()] = e;
    *event = e.get();
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    return result(all().events.erase(event) ? cudaSuccess : cudaErrorInvalidResourceHandle);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    CUevent_st *e = find_event(event);
    if (!s || !e || s->device != current_device())
        return result(cudaErrorInvalidResourceHandle);
    if (s->capturing) {
        e->last = std::make_shared<point>();
        capture_mark(*s, *e->last);
        return cudaSuccess;
    }
    work nothing;
    if (const cudaError_t error = enqueue(stream, nothing))
        return result(error);
    e->last = mark_end(*s);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    CUevent_st *e = find_event(event);
    if (const cudaError_t error = event_trouble(e))
        return result(error);
    if (e->last) {
        const host_wait waiting(*e->last->owner);
        drain_until(*e->last);
    }
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    CUevent_st *e = find_event(event);
    if (const cudaError_t error = event_trouble(e))
        return result(error);
    if (!e->last || e->last->reached)
        return cudaSuccess;
    step(*e->last->owner);
    return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const CUevent_st *from = find_event(start), *to = find_event(end);
    for (const CUevent_st *e : {from, to}) {
        if (const cudaError_t error = event_trouble(e))
            return result(error);
        if (!e->timed || !e->last)
            return result(cudaErrorInvalidResourceHandle);
    }
    if (!from->last->reached || !to->last->reached)
        return cudaErrorNotReady;
    *milliseconds = (float)(to->last->time.tv_sec - from->last->time.tv_sec) * 1e3f +
                    (float)(to->last->time.tv_nsec - from->last->time.tv_nsec) * 1e-6f;
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const std::shared_ptr<CUstream_st> s = find_stream(stream);
    CUevent_st *e = find_event(event);
    if (!s || !e)
        return result(cudaErrorInvalidResourceHandle);
    if (s->capturing || (e->last && e->last->captured))
        return result(capture_wait(*s, e->last));
    if (!e->last || e->last->reached)
        return cudaSuccess;
    work item;
    item.wait = e->last;
    return result(enqueue(stream, item));
}

cudaError_t emulated_cuda::launch(const cudaLaunchConfig_t *config, const void *kernel,
                                  std::function<void()> thread, arguments given)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    const dim3 grid = config->gridDim, block = config->blockDim;
    if (config->dynamicSmemBytes || config->numAttrs)
        return result(cudaErrorNotSupported);
    if (!grid.x || !grid.y || !grid.z || grid.x > INT32_MAX || grid.y > 65535 || grid.z > 65535 ||
        !block.x || !block.y || !block.z || block.x > 1024 || block.y > 1024 || block.z > 64 ||
        (size_t)block.x * block.y * block.z > 1024)
        return result(cudaErrorInvalidConfiguration);
    work item;
    item.run = [grid, block, thread = std::move(thread)] { run_grid(grid, block, thread); };
    item.what = "a kernel";
    item.kernel = kernel;
    item.given = std::move(given);
    return result(enqueue(config->stream, std::move(item)));
}
