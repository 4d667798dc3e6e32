/* Inside the emulated CUDA device: what its files share. Every function here expects the lock. */
#ifndef EMULATED_CUDA_EMULATOR_H
#define EMULATED_CUDA_EMULATOR_H

#include <time.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda_runtime.h"

namespace emulated_cuda
{

/* ---- device.cpp: environment, errors --------------------------------------------------------- */

struct settings {
    int devices;         /* EMULATED_CUDA_DEVICES */
    size_t memory;       /* EMULATED_CUDA_MEMORY, bytes of each device */
    bool driver_is_old;  /* EMULATED_CUDA_DRIVER=old */
    bool check_each;     /* EMULATED_CUDA_CHECK=1: guard zones after each piece of work */
    bool print_leaks;    /* EMULATED_CUDA_LEAKS=1 */
    size_t workspace;    /* EMULATED_CUDNN_WORKSPACE, bytes that every algorithm wants besides */
    bool list_uncertain; /* EMULATED_CUDNN_LIST=uncertain: no algorithm listed is deterministic */
    const char *waits;   /* EMULATED_CUDA_WAITS, a file that gets a line for each time that the host
                          * waits for a stream: how many pieces of work were done meanwhile, and
                          * how many are left in that stream */
};
const settings &environment();

/* one line on stderr, then abort() */
[[noreturn]] void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One for all calls of all threads. */
std::unique_lock<std::recursive_mutex> lock();
/* what every call fails with: no device, no driver */
cudaError_t unusable();
/* remembers an error for cudaGetLastError() and returns it */
cudaError_t result(cudaError_t error);
int current_device();
/* numbers that look random and are the same in every run */
uint32_t random_number();

/* ---- stream.cpp: work and when it is done ---------------------------------------------------- */

struct capture;
typedef std::map<const CUstream_st *, size_t> progress;

/* A point in a stream: what cudaEventRecord() makes. */
struct point {
    bool reached = false;
    struct timespec time = {0, 0};
    std::shared_ptr<CUstream_st> owner;
    std::shared_ptr<capture> captured; /* recorded while capturing: never reached */
    progress seen;                     /* then: how far the streams of the capture were */
};

struct work {
    std::function<void()> run;
    const char *what = "";        /* for messages */
    const void *kernel = nullptr; /* for messages, or NULL */
    arguments given = {};         /* what it will touch, as far as that is known */
    std::shared_ptr<point> wait;  /* first until this */
    std::shared_ptr<point> mark;  /* afterwards this is reached */
};

/* gives work to a stream (NULL: the legacy default stream), or to the capture it is in */
cudaError_t enqueue(cudaStream_t stream, work item);
/* does the work that lies in the stream, or all of the device's */
void drain(CUstream_st &stream);
void drain_device(int device);
std::shared_ptr<CUstream_st> find_stream(cudaStream_t stream);
/* "kernel NAME" or the name of another piece of work */
std::string describe(const work &item);
/* the piece of work that is being done, or NULL */
const work *running();

/* ---- capture.cpp ----------------------------------------------------------------------------- */

struct capture {
    enum cudaStreamCaptureMode mode;
    pthread_t thread;
    const CUstream_st *origin;
    bool invalid = false;
    std::vector<work> items;
    progress done; /* how much each stream has added */
};

/* whether a capture forbids a call that may synchronise or allocate; it is then invalid */
bool capture_forbids();
cudaError_t capture_work(CUstream_st &stream, work item);
cudaError_t capture_wait(CUstream_st &stream, const std::shared_ptr<point> &until);
void capture_mark(CUstream_st &stream, point &mark);
/* whether a capture holds a stream that waits for the legacy default stream */
bool capture_of_blocking_stream();

/* ---- memory.cpp ------------------------------------------------------------------------------ */

enum place { PAGEABLE, PINNED, DEVICE };
/* where the bytes lie; dies if they begin in device memory and do not stay in one allocation */
place place_of(const void *pointer, size_t bytes);
/* dies unless the work may touch what it was given on the device */
void check_arguments(const work &item, int device);
void check_guards(const char *when);
/* While one exists, device memory can be touched: that from ... to, or all. No narrow one may be
 * open when another begins. */
struct window {
    window();
    window(const unsigned char *from, const unsigned char *to);
    ~window();
    window(const window &) = delete;

  private:
    const unsigned char *from, *to;
};

/* ---- block.cpp ------------------------------------------------------------------------------- */

void run_grid(dim3 grid, dim3 block, const std::function<void()> &thread);

} // namespace emulated_cuda

struct CUstream_st {
    int device;
    bool blocking; /* waits for the legacy default stream and it for this one */
    std::deque<emulated_cuda::work> queue;
    std::shared_ptr<emulated_cuda::capture> capturing;
    emulated_cuda::progress seen; /* while capturing */
};

struct CUevent_st {
    bool timed;
    std::shared_ptr<emulated_cuda::point> last;
};

struct CUgraph_st {
    std::vector<emulated_cuda::work> items;
};

struct CUgraphExec_st {
    int device;
    std::shared_ptr<const std::vector<emulated_cuda::work>> items;
};

#endif
