/* Device memory: pieces of one mapping that only work on the device may touch, each between two
 * guard zones, filled with NaN before and after its life; and pinned host memory. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "emulator.h"

namespace emulated_cuda
{

static const size_t GUARD = 256, PAGE = 4096, BIG_PAGE = 2 << 20;

struct allocation {
    size_t size; /* as asked for */
    int device;
    size_t number; /* the how manieth of the process */
};

struct arena {
    unsigned char *base;
    size_t bytes; /* of the mapping */
    int open;     /* how many windows there are */
    size_t count;
    std::map<const unsigned char *, allocation> pieces;
    std::map<const unsigned char *, size_t> pinned;
    struct sigaction before;
};

/* room of an allocation without its guard zone in front: the next one's is the end of this one's */
static size_t room(size_t size)
{
    return (size + 255) / 256 * 256;
}

static void put(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(1);
}

static arena &memory();

/* Whoever touches the arena while no work is running is host code. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
    const arena &a = memory();
    const unsigned char *address = (const unsigned char *)info->si_addr;
    if (address >= a.base && address < a.base + a.bytes && !a.open) {
        char text[128];
        snprintf(text, sizeof text, "emulated CUDA: host code touched device memory at %p\n",
                 info->si_addr);
        put(text);
        abort();
    }
    if (const work *item = running()) {
        char text[256];
        snprintf(text, sizeof text,
                 "emulated CUDA: %s touched %p, which is no memory of the device\n", item->what,
                 info->si_addr);
        put(text);
    }
    if (a.before.sa_flags & SA_SIGINFO && a.before.sa_sigaction) {
        a.before.sa_sigaction(signal, info, context);
        return;
    }
    sigaction(SIGSEGV, &a.before, nullptr); /* the instruction faults once more */
}

static void at_end()
{
    const auto locked = lock();
    arena &a = memory();
    sigaction(SIGSEGV, &a.before, nullptr);
    if (!environment().print_leaks)
        return;
    size_t bytes = 0;
    for (const auto &piece : a.pieces)
        bytes += piece.second.size;
    fprintf(stderr, "emulated CUDA: %zu bytes of device memory in %zu allocations not freed\n",
            bytes, a.pieces.size());
}

static arena *make_arena()
{
    arena *a = new arena();
    /* twice what may be allocated: guard zones and holes must not make memory scarce */
    a->bytes = 2 * (size_t)environment().devices * environment().memory + ((size_t)64 << 20);
    void *base =
        mmap(nullptr, a->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        die("no %zu bytes of address space: %s", a->bytes, strerror(errno));
    const size_t rest = (size_t)base % BIG_PAGE;
    a->base = (unsigned char *)base + (rest ? BIG_PAGE - rest : 0);
    a->bytes = a->bytes / BIG_PAGE * BIG_PAGE - BIG_PAGE;
    /* opening and closing costs as much as there are pages */
    madvise(a->base, a->bytes, MADV_HUGEPAGE);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &a->before);
    atexit(at_end);
    return a;
}

static arena &memory()
{
    static arena *a = make_arena();
    return *a;
}

static void protect(const unsigned char *from, const unsigned char *to, int rights)
{
    const arena &a = memory();
    const size_t first = (size_t)(from - a.base) / BIG_PAGE * BIG_PAGE;
    const size_t end = ((size_t)(to - a.base) + BIG_PAGE - 1) / BIG_PAGE * BIG_PAGE;
    if (end > first && mprotect(a.base + first, end - first, rights) != 0)
        die("mprotect: %s", strerror(errno));
}

/* where the last allocation ends */
static const unsigned char *end_of_use()
{
    const arena &a = memory();
    if (a.pieces.empty())
        return a.base;
    const auto &last = *a.pieces.rbegin();
    return last.first + room(last.second.size) + GUARD;
}

window::window() : window(memory().base, end_of_use()) {}

window::window(const unsigned char *from_, const unsigned char *to_) : from(from_), to(to_)
{
    if (memory().open++ == 0)
        protect(from, to, PROT_READ | PROT_WRITE);
}

window::~window()
{
    if (--memory().open == 0)
        protect(from, to, PROT_NONE);
}

/* ---- guard zones ----------------------------------------------------------------------------- */

/* A signalling NaN as a float and as a bfloat16: who reads here sees it in the result, and who adds
 * to it makes it quiet, which shows. */
static unsigned char pattern(const unsigned char *at)
{
    return (uintptr_t)at & 1 ? 0xff : 0xbf;
}

static void fill_guard(unsigned char *from, unsigned char *to)
{
    for (; from < to; from++)
        *from = pattern(from);
}

static void check_piece(const unsigned char *at, const allocation &piece, const char *when)
{
    for (const unsigned char *p = at - GUARD; p < at; p++)
        if (*p != pattern(p))
            die("allocation %zu, of %zu bytes: written to %td bytes before its begin (seen %s)",
                piece.number, piece.size, at - p, when);
    const unsigned char *end = at + piece.size;
    for (const unsigned char *p = end; p < at + room(piece.size) + GUARD; p++)
        if (*p != pattern(p))
            die("allocation %zu, of %zu bytes: written to %td bytes past its end (seen %s)",
                piece.number, piece.size, p - end, when);
}

void check_guards(const char *when)
{
    const window open;
    for (const auto &piece : memory().pieces)
        check_piece(piece.first, piece.second, when);
}

/* ---- which memory is it ---------------------------------------------------------------------- */

typedef std::pair<const unsigned char *const, allocation> piece_of_memory;

/* the allocation that holds the address, its end included, or NULL */
static const piece_of_memory *holder(const unsigned char *address)
{
    const arena &a = memory();
    auto next = a.pieces.upper_bound(address);
    if (next == a.pieces.begin())
        return nullptr;
    --next;
    return address <= next->first + next->second.size ? &*next : nullptr;
}

static bool in_arena(const void *pointer)
{
    const arena &a = memory();
    return (const unsigned char *)pointer >= a.base &&
           (const unsigned char *)pointer < a.base + a.bytes;
}

static bool is_pinned(const void *pointer)
{
    const arena &a = memory();
    const unsigned char *at = (const unsigned char *)pointer;
    auto next = a.pinned.upper_bound(at);
    if (next == a.pinned.begin())
        return false;
    --next;
    return at < next->first + next->second;
}

place place_of(const void *pointer, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)pointer;
    if (!in_arena(pointer))
        return is_pinned(pointer) ? PINNED : PAGEABLE;
    const auto *piece = holder(at);
    if (!piece)
        die("%p is device memory that is not allocated", pointer);
    else if (at + bytes > piece->first + piece->second.size)
        die("%zu bytes at byte %td of allocation %zu, which has %zu", bytes, at - piece->first,
            piece->second.number, piece->second.size);
    return DEVICE;
}

static void check_pointer(const void *pointer, int device, const work &item)
{
    if (!pointer || is_pinned(pointer))
        return;
    if (!in_arena(pointer))
        die("%s was given %p, which is host memory", describe(item).c_str(), pointer);
    const auto *piece = holder((const unsigned char *)pointer);
    if (!piece)
        die("%s was given %p, which is device memory that is not allocated", describe(item).c_str(),
            pointer);
    else if (piece->second.device != device)
        die("%s was given memory of device %d on device %d", describe(item).c_str(),
            piece->second.device, device);
}

/* Whether a word can be nothing but an address: these are so high, and something lies there. */
static bool is_address(uintptr_t word)
{
    unsigned char resident;
    return word >> 45 && !(word >> 47) &&
           (in_arena((void *)word) || mincore((void *)(word / PAGE * PAGE), 1, &resident) == 0);
}

void check_arguments(const work &item, int device)
{
    for (const void *pointer : item.given.pointers)
        check_pointer(pointer, device, item);
    for (uintptr_t word : item.given.words)
        if (is_address(word))
            check_pointer((const void *)word, device, item);
}

/* ---- allocation ------------------------------------------------------------------------------ */

static size_t used(int device)
{
    size_t bytes = 0;
    for (const auto &piece : memory().pieces)
        if (piece.second.device == device)
            bytes += room(piece.second.size);
    return bytes;
}

/* The first hole that is large enough, guard zones included. */
static unsigned char *find_hole(size_t size)
{
    const arena &a = memory();
    const unsigned char *from = a.base + GUARD;
    for (const auto &piece : a.pieces) {
        if (from + room(size) + GUARD <= piece.first)
            break;
        from = piece.first + room(piece.second.size) + GUARD;
    }
    if (from + room(size) + GUARD > a.base + a.bytes)
        return nullptr;
    return (unsigned char *)from;
}

static cudaError_t allocate(void **pointer, size_t size)
{
    arena &a = memory();
    const int device = current_device();
    if (size > environment().memory || used(device) + room(size) > environment().memory)
        return cudaErrorMemoryAllocation;
    unsigned char *at = find_hole(size);
    if (!at)
        return cudaErrorMemoryAllocation;
    const window open(at - GUARD, at + room(size) + GUARD);
    fill_guard(at - GUARD, at);
    memset(at, 0xff, size);
    fill_guard(at + size, at + room(size) + GUARD);
    a.pieces[at] = {size, device, ++a.count};
    *pointer = at;
    return cudaSuccess;
}

} // namespace emulated_cuda

using namespace emulated_cuda;

cudaError_t cudaMalloc(void **pointer, size_t size)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    *pointer = nullptr;
    return size ? result(allocate(pointer, size)) : cudaSuccess;
}

cudaError_t cudaFree(void *pointer)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    if (!pointer)
        return cudaSuccess;
    arena &a = memory();
    const auto piece = a.pieces.find((const unsigned char *)pointer);
    if (piece == a.pieces.end())
        return result(cudaErrorInvalidValue);
    drain_device(piece->second.device);
    const window open(piece->first - GUARD, piece->first + room(piece->second.size) + GUARD);
    check_piece(piece->first, piece->second, "when it was freed");
    memset(pointer, 0xff, piece->second.size);
    a.pieces.erase(piece);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    *total = environment().memory;
    *available = environment().memory - used(current_device());
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **pointer, size_t size, unsigned int)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    *pointer = nullptr;
    if (!size)
        return cudaSuccess;
    if (posix_memalign(pointer, PAGE, size) != 0)
        return result(cudaErrorMemoryAllocation);
    memset(*pointer, 0xff, size);
    memory().pinned[(const unsigned char *)*pointer] = size;
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **pointer, size_t size)
{
    return cudaHostAlloc(pointer, size, 0);
}

cudaError_t cudaFreeHost(void *pointer)
{
    const auto locked = lock();
    if (const cudaError_t error = unusable())
        return result(error);
    if (capture_forbids())
        return result(cudaErrorStreamCaptureUnsupported);
    if (!pointer)
        return cudaSuccess;
    if (!memory().pinned.count((const unsigned char *)pointer))
        return result(cudaErrorInvalidValue);
    for (int device = 0; device < environment().devices; device++)
        drain_device(device);
    memory().pinned.erase((const unsigned char *)pointer);
    free(pointer);
    return cudaSuccess;
}
