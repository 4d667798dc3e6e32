/* Runs the grid of a launch: block after block in a shuffled order, the threads of a block in a
 * shuffled order on fibers. A fiber runs thread after thread to its end; only a thread that waits,
 * at a barrier or a shuffle, keeps its fiber until all that it waits for have come there too. */
#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <string>

#include "emulator.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulated_cuda
{

static const size_t STACK = 256 << 10, PAGE = 4096;

struct fiber {
    unsigned char *stack;
    bool begun;
    ucontext_t start;
    jmp_buf resume;
    void *fake_stack; /* AddressSanitizer's */
};

enum doing { RUNNING, AT_BARRIER, AT_EXCHANGE, FINISHED };

struct emulated_thread {
    doing what;
    fiber *on;
    const char *file; /* where it waits */
    int line;
    unsigned int mask; /* of an exchange */
    int source;
    uint64_t value;
};

/* 0 ... count - 1, each once, in an order that begin and stride make */
struct shuffled {
    size_t count, begin, stride;
    size_t operator[](size_t i) const { return (begin + i * stride) % count; }
};

struct running_block {
    const std::function<void()> *thread;
    std::vector<emulated_thread> threads; /* of the block */
    shuffled order;
    size_t next;    /* how many of them have begun */
    size_t current; /* the running one */
    std::vector<fiber *> idle;
    fiber *fiber_now;
    jmp_buf scheduler;
    void *scheduler_fake_stack;
    const void *scheduler_stack;
    size_t scheduler_stack_size;
};

static running_block &block = *new running_block(); /* lasts as long as the process */

static shuffled shuffle_order(size_t count)
{
    shuffled order = {count, random_number() % count, 1 + random_number() % count};
    size_t a = order.stride, b = count;
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    if (a != 1)
        order.stride = random_number() % 2 ? 1 : count - 1;
    return order;
}

/* ---- fibers ---------------------------------------------------------------------------------- */

static void arrive_at_fiber(fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(f->fake_stack, &block.scheduler_stack,
                                    &block.scheduler_stack_size);
#else
    (void)f;
#endif
}

/* back to the scheduler, until that comes back to this fiber */
static void leave_fiber(fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&f->fake_stack, block.scheduler_stack,
                                   block.scheduler_stack_size);
#endif
    if (_setjmp(f->resume) == 0)
        _longjmp(block.scheduler, 1);
    arrive_at_fiber(f);
}

static void set_current(size_t thread)
{
    block.current = thread;
    threadIdx.x = (unsigned int)(thread % blockDim.x);
    threadIdx.y = (unsigned int)(thread / blockDim.x % blockDim.y);
    threadIdx.z = (unsigned int)(thread / blockDim.x / blockDim.y);
}

static void fiber_main()
{
    fiber *f = block.fiber_now;
    arrive_at_fiber(f);
    for (;;) {
        while (block.next < block.threads.size()) {
            set_current(block.order[block.next++]);
            (*block.thread)();
            block.threads[block.current].what = FINISHED;
        }
        leave_fiber(f);
    }
}

static fiber *make_fiber()
{
    fiber *f = new fiber();
    void *stack = mmap(nullptr, STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, PAGE, PROT_NONE) != 0)
        die("no stack for a thread: %s", strerror(errno));
    f->stack = (unsigned char *)stack;
    getcontext(&f->start);
    f->start.uc_stack.ss_sp = f->stack + PAGE;
    f->start.uc_stack.ss_size = STACK - PAGE;
    makecontext(&f->start, fiber_main, 0);
    return f;
}

static void go_to_fiber(fiber *f)
{
    block.fiber_now = f;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&block.scheduler_fake_stack, f->stack + PAGE, STACK - PAGE);
#endif
    if (_setjmp(block.scheduler) == 0) {
        if (f->begun)
            _longjmp(f->resume, 1);
        f->begun = true;
        setcontext(&f->start);
    }
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(block.scheduler_fake_stack, nullptr, nullptr);
#endif
}

/* Runs a fiber; it is idle again unless its thread waits now. */
static void run_fiber(fiber *f)
{
    go_to_fiber(f);
    if (block.threads[block.current].what == FINISHED)
        block.idle.push_back(f);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static std::string where(const emulated_thread &thread)
{
    return describe(*running()) + ", " + thread.file + ":" + std::to_string(thread.line);
}

static void wait(doing what, const char *file, int line)
{
    emulated_thread &thread = block.threads[block.current];
    if (!block.fiber_now)
        die("%s:%d: a barrier or shuffle outside of a kernel", file, line);
    thread.what = what;
    thread.on = block.fiber_now;
    thread.file = file;
    thread.line = line;
    leave_fiber(thread.on);
}

void barrier(const char *file, int line)
{
    wait(AT_BARRIER, file, line);
}

int lane()
{
    return (int)(block.current % 32);
}

uint64_t exchange(const char *file, int line, unsigned int mask, uint64_t value, int source)
{
    emulated_thread &thread = block.threads[block.current];
    thread.mask = mask;
    thread.value = value;
    thread.source = source;
    if (!(mask >> lane() & 1))
        die("%s:%d: a shuffle whose mask %08x does not name its thread's lane, %d", file, line,
            mask, lane());
    wait(AT_EXCHANGE, file, line);
    return block.threads[block.current].value;
}

static void resume(const std::vector<size_t> &threads)
{
    for (size_t t : threads)
        block.threads[t].what = RUNNING;
    const shuffled order = shuffle_order(threads.size());
    for (size_t i = 0; i < threads.size(); i++) {
        set_current(threads[order[i]]);
        run_fiber(block.threads[block.current].on);
    }
}

/* The threads of a warp's exchange if all are there that its mask names and that still run. */
static std::vector<size_t> exchange_group(size_t warp, size_t end, unsigned int mask)
{
    std::vector<size_t> group;
    for (size_t t = warp; t < end; t++) {
        const emulated_thread &thread = block.threads[t];
        if (!(mask >> (t - warp) & 1) || thread.what == FINISHED)
            continue;
        if (thread.what != AT_EXCHANGE || thread.mask != mask)
            return {};
        group.push_back(t);
    }
    return group;
}

/* Gives every thread its source's value: all ones from one that takes no part. */
static void trade(const std::vector<size_t> &group)
{
    std::vector<uint64_t> received;
    for (size_t t : group) {
        const size_t source = t / 32 * 32 + (size_t)block.threads[t].source;
        const bool there = std::find(group.begin(), group.end(), source) != group.end();
        received.push_back(there ? block.threads[source].value : ~(uint64_t)0);
    }
    for (size_t i = 0; i < group.size(); i++)
        block.threads[group[i]].value = received[i];
}

/* Lets the first exchange of the warp happen that can. */
static bool settle_warp(size_t warp)
{
    const size_t end = std::min(warp + 32, block.threads.size());
    for (size_t t = warp; t < end; t++) {
        if (block.threads[t].what != AT_EXCHANGE)
            continue;
        const std::vector<size_t> group = exchange_group(warp, end, block.threads[t].mask);
        if (group.empty())
            continue;
        trade(group);
        resume(group);
        return true;
    }
    return false;
}

/* When no warp can go on: all threads must be at one barrier, also those that have ended. */
static void settle_block()
{
    std::vector<size_t> all;
    const emulated_thread *first = nullptr;
    size_t there = 0;
    for (size_t t = 0; t < block.threads.size(); t++) {
        const emulated_thread &thread = block.threads[t];
        if (thread.what == AT_EXCHANGE)
            die("%s: a shuffle that not all threads reach which its mask %08x names",
                where(thread).c_str(), thread.mask);
        if (!first && thread.what == AT_BARRIER)
            first = &thread;
        if (thread.what == AT_BARRIER && thread.line == first->line &&
            strcmp(thread.file, first->file) == 0)
            there++;
        all.push_back(t);
    }
    if (there != all.size())
        die("%s: a barrier that %zu of the block's %zu threads reach", where(*first).c_str(), there,
            all.size());
    resume(all);
}

static bool all_finished()
{
    return std::all_of(block.threads.begin(), block.threads.end(),
                       [](const emulated_thread &t) { return t.what == FINISHED; });
}

static void run_block()
{
    const size_t count = block.threads.size();
    std::fill(block.threads.begin(), block.threads.end(), emulated_thread());
    block.order = shuffle_order(count);
    block.next = 0;
    while (block.next < count) {
        if (block.idle.empty())
            block.idle.push_back(make_fiber());
        fiber *f = block.idle.back();
        block.idle.pop_back();
        run_fiber(f);
    }
    while (!all_finished()) {
        bool moved = false;
        for (size_t warp = 0; warp < count; warp += 32)
            while (settle_warp(warp))
                moved = true;
        if (!moved)
            settle_block();
    }
}

void run_grid(dim3 grid, dim3 size, const std::function<void()> &thread)
{
    const shuffled order = shuffle_order((size_t)grid.x * grid.y * grid.z);
    gridDim = grid;
    blockDim = size;
    block.thread = &thread;
    block.threads.resize((size_t)size.x * size.y * size.z);
    for (size_t i = 0; i < order.count; i++) {
        const size_t b = order[i];
        blockIdx.x = (unsigned int)(b % grid.x);
        blockIdx.y = (unsigned int)(b / grid.x % grid.y);
        blockIdx.z = (unsigned int)(b / grid.x / grid.y);
        run_block();
    }
    block.fiber_now = nullptr;
}

} // namespace emulated_cuda
