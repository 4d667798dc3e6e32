/* What every program uses: one-line errors, checked memory, checked numbers.
 *
 * Library functions of irtools do not return error codes: a filter that cannot go on prints one
 * line and ends. ir_die() is for data and the system (exit 1), ir_usage_die() for a wrong command
 * line (exit 2). Both remove the files registered with ir_remove_at_exit(). */
#ifndef IR_BASE_H
#define IR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define IR_VERSION "0.1.0"

/* Call first in main(). Remembers the program's name for messages, ignores SIGPIPE (a closed pipe
 * is then a write error with a message), initialises libnetpbm. SIGINT and SIGTERM keep their
 * default action, but remove unfinished files first. */
void ir_start(const char *program);
const char *ir_program(void);

/* Sets what this thread runs before it dies, such as waiting until earlier items are written. NULL:
 * nothing. */
void ir_before_dying(void (*run)(void *), void *context);

/* What a process that fails does before its line is said, and last of all, when stdout is written
 * out; NULL: nothing. */
void ir_when_dying(void (*before)(void), void (*last)(int status));

#define IR_PRINTF(a, b) __attribute__((format(printf, a, b)))

/* "PROGRAM: message" on stderr; exit 1. */
_Noreturn void ir_die(const char *format, ...) IR_PRINTF(1, 2);
/* As ir_die, followed by ": " and the text of errno. */
_Noreturn void ir_die_errno(const char *format, ...) IR_PRINTF(1, 2);
/* "PROGRAM: message" and "Try 'PROGRAM -h'." on stderr; exit 2. */
_Noreturn void ir_usage_die(const char *format, ...) IR_PRINTF(1, 2);
void ir_warn(const char *format, ...) IR_PRINTF(1, 2);

/* -h and -V: print to stdout and exit 0. */
_Noreturn void ir_print_help(const char *usage);
_Noreturn void ir_print_version(void);

/* Never return NULL; sizes are checked for overflow. */
void *ir_malloc(size_t bytes);
void *ir_calloc(size_t count, size_t size); /* zeroed */
void *ir_realloc(void *old, size_t count, size_t size);
void *ir_aligned(size_t bytes); /* 64-byte aligned, not zeroed; free() it */
char *ir_strdup(const char *s);
char *ir_format(const char *format, ...) IR_PRINTF(1, 2); /* a new string */

/* A whole argument as a number within [min, max], or ir_usage_die("WHAT: ..."). */
long ir_number(const char *text, long min, long max, const char *what);
double ir_real(const char *text, double min, double max, const char *what);
/* The values of -r, -j and --maxval, which mean the same everywhere. */
uint64_t ir_seed(const char *text);
int ir_threads(const char *text);
int ir_maxval(const char *text);
/* The index of text in names (n of them), or ir_usage_die() listing the names. */
int ir_choice(const char *text, const char *const *names, int n, const char *what);

/* Flushes and checks a stream that was written to; dies with the reason ("standard output: No space
 * left on device"). Call on stdout before returning from main. */
void ir_flush(FILE *f, const char *name);

/* Removes path if the program ends before ir_keep_file(path): unfinished output never stays. */
void ir_remove_at_exit(const char *path);
void ir_keep_file(const char *path);

/* Opens path for reading, "-" being stdin; dies with the reason. */
FILE *ir_open_in(const char *path);

char *ir_own_directory(void); /* where this program lies, a new string; or NULL */
double ir_seconds(void);      /* monotonic clock */
int ir_default_threads(void); /* processors this process may use: affinity, cgroup quota */

#endif
