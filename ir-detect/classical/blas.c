/* OpenBLAS, loaded when it is needed. */
#include "blas.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"

static const char library[] = "libopenblas.so.0";
static blas_routines routines;

const blas_routines *blas(void)
{
    return &routines;
}

/* Puts the address of a routine into what points to it. */
static void find(void *handle, const char *name, void *pointer)
{
    void *routine = dlsym(handle, name);
    if (!routine)
        ir_die("%s: %s", library, dlerror());
    memcpy(pointer, &routine, sizeof routine);
}

/* OpenBLAS takes a buffer for itself and one for each thread that calls it, and asks again and
 * again when there is no memory for it. */
static void check_memory(int threads)
{
    const size_t buffer = (size_t)128 << 20, bytes = (size_t)(threads + 1) * buffer;
    void *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        ir_die("%s: out of memory (%zu bytes, %d threads)", library, bytes, threads);
    munmap(memory, bytes);
}

void blas_start(int threads)
{
    void *handle;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    check_memory(threads);
    handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        ir_die("%s", dlerror());
    find(handle, "dgemm_", &routines.dgemm);
    find(handle, "dsymm_", &routines.dsymm);
    find(handle, "dsyrk_", &routines.dsyrk);
    find(handle, "zgemm_", &routines.zgemm);
    find(handle, "zherk_", &routines.zherk);
    find(handle, "dgeqrf_", &routines.dgeqrf);
    find(handle, "dorgqr_", &routines.dorgqr);
    find(handle, "dsyevd_", &routines.dsyevd);
    find(handle, "dsytrd_", &routines.dsytrd);
    find(handle, "dstedc_", &routines.dstedc);
    find(handle, "dormtr_", &routines.dormtr);
    find(handle, "zhetrd_", &routines.zhetrd);
    find(handle, "dsterf_", &routines.dsterf);
    find(handle, "dstein_", &routines.dstein);
    find(handle, "zunmtr_", &routines.zunmtr);
    find(handle, "zheevd_", &routines.zheevd);
}
