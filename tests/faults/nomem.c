/* A library to be preloaded: the call of malloc() and its kin that NOMEM_AT counts fails, as if
 * there were no memory; those before and after it do not. The calls are counted over all threads of
 * the program NOMEM_PROGRAM, none of any other; how many they were goes to the file NOMEM_COUNT.
 * NOMEM_OWN: only the calls of the program itself, not those of its libraries. */
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, by the names under which it exports them for this. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_long calls;
static long fails_at; /* 0: none */
static atomic_bool counting;
static uintptr_t own_from, own_to; /* the program's code; 0, 0: any */

/* The first object is the program. */
static int find_code(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            own_from = info->dlpi_addr + part->p_vaddr;
            own_to = own_from + part->p_memsz;
        }
    }
    return 1;
}

static void __attribute__((constructor)) begin(void)
{
    const char *program = getenv("NOMEM_PROGRAM"), *at = getenv("NOMEM_AT");
    if (!program || strcmp(program, program_invocation_short_name) != 0)
        return;
    fails_at = at ? atol(at) : 0;
    if (getenv("NOMEM_OWN"))
        dl_iterate_phdr(find_code, NULL);
    atomic_store(&counting, 1);
}

static void __attribute__((destructor)) end(void)
{
    const char *path = getenv("NOMEM_COUNT");
    FILE *file;
    if (!atomic_exchange(&counting, 0) || !path)
        return;
    file = fopen(path, "w");
    if (file) {
        fprintf(file, "%ld\n", atomic_load(&calls));
        fclose(file);
    }
}

static int fails(const void *caller)
{
    uintptr_t from = (uintptr_t)caller;
    if (!atomic_load(&counting) || (own_to > 0 && (from < own_from || from >= own_to)))
        return 0;
    if (atomic_fetch_add(&calls, 1) + 1 != fails_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    if (fails(__builtin_return_address(0)))
        return ENOMEM;
    *block = __libc_memalign(alignment, bytes);
    return *block ? 0 : ENOMEM;
}
