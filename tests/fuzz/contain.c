/* Coming back from ir_die(); see contain.h. */
#include "contain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "blocks.h"
#include "files.h"

/* No input that is worth its time needs more at once. */
enum { MOST_MEMORY = 1 << 24 };

static struct {
    jmp_buf home;
    bool inside;
    char message[4096];
} state;

bool containing(void)
{
    return state.inside;
}

const char *contained_message(void)
{
    return state.message;
}

void fault(const char *format, ...)
{
    va_list list;
    state.inside = false;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    abort();
}

bool contain(void (*run)(void *), void *context)
{
    volatile bool died = true;
    state.message[0] = '\0';
    state.inside = true;
    if (setjmp(state.home) == 0) {
        run(context);
        died = false;
    }
    state.inside = false;
    if (!died && (files_close() > 0 || blocks_free() > 0))
        fault("memory or a file is left behind");
    files_close();
    blocks_free();
    if (died && state.message[0] == '\0')
        fault("an end without a word");
    return !died;
}

static _Noreturn void leave(const char *reason)
{
    size_t n = strlen(state.message);
    if (reason)
        snprintf(state.message + n, sizeof state.message - n, ": %s", reason);
    if (!state.inside)
        fault("outside: %s", state.message);
    longjmp(state.home, 1);
}

/* ---- in the place of base.h's ---- */

_Noreturn void __wrap_ir_die(const char *format, ...) IR_PRINTF(1, 2);
_Noreturn void __wrap_ir_die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(state.message, sizeof state.message, format, list);
    va_end(list);
    leave(NULL);
}

_Noreturn void __wrap_ir_die_errno(const char *format, ...) IR_PRINTF(1, 2);
_Noreturn void __wrap_ir_die_errno(const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list list;
    va_start(list, format);
    vsnprintf(state.message, sizeof state.message, format, list);
    va_end(list);
    leave(reason);
}

_Noreturn void __wrap_ir_usage_die(const char *format, ...) IR_PRINTF(1, 2);
_Noreturn void __wrap_ir_usage_die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(state.message, sizeof state.message, format, list);
    va_end(list);
    leave(NULL);
}

void __wrap_ir_warn(const char *format, ...) IR_PRINTF(1, 2);
void __wrap_ir_warn(const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
}

static void refuse_much(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > MOST_MEMORY)
        __wrap_ir_die("out of memory");
}

void *__real_ir_malloc(size_t bytes);
void *__wrap_ir_malloc(size_t bytes)
{
    refuse_much(1, bytes);
    return __real_ir_malloc(bytes);
}

void *__real_ir_calloc(size_t count, size_t size);
void *__wrap_ir_calloc(size_t count, size_t size)
{
    refuse_much(count, size);
    return __real_ir_calloc(count, size);
}

void *__real_ir_realloc(void *old, size_t count, size_t size);
void *__wrap_ir_realloc(void *old, size_t count, size_t size)
{
    refuse_much(count, size);
    return __real_ir_realloc(old, count, size);
}
