/* Memory and strings that are there or end the program. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static _Noreturn void out_of_memory(size_t bytes)
{
    ir_die("out of memory (%zu bytes)", bytes);
}

static size_t product(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        ir_die("out of memory (%zu times %zu bytes)", count, size);
    return bytes;
}

void *ir_malloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p)
        out_of_memory(bytes);
    return p;
}

void *ir_calloc(size_t count, size_t size)
{
    size_t bytes = product(count, size);
    void *p = calloc(bytes ? bytes : 1, 1);
    if (!p)
        out_of_memory(bytes);
    return p;
}

void *ir_realloc(void *old, size_t count, size_t size)
{
    size_t bytes = product(count, size);
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p)
        out_of_memory(bytes);
    return p;
}

void *ir_aligned(size_t bytes)
{
    void *p = NULL;
    if (posix_memalign(&p, 64, bytes ? bytes : 1) != 0)
        out_of_memory(bytes);
    return p;
}

char *ir_strdup(const char *s)
{
    size_t bytes = strlen(s) + 1;
    return memcpy(ir_malloc(bytes), s, bytes);
}

char *ir_format(const char *format, ...)
{
    char *s;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&s, format, arguments) < 0)
        ir_die("out of memory");
    va_end(arguments);
    return s;
}
