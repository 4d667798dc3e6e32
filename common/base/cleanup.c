/* Unfinished files are removed however the program ends: exit(), an error, a signal.
 *
 * The list is guarded by a spin lock that a signal handler may take as well: whoever holds it has
 * all signals blocked, so a handler never waits for the thread that it interrupted. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/cleanup.h"

typedef struct unfinished {
    struct unfinished *next;
    char path[];
} unfinished;

static unfinished *files;
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, before);
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        ;
}

static void unlock(const sigset_t *before)
{
    atomic_flag_clear_explicit(&busy, memory_order_release);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

void ir_cleanup(void)
{
    sigset_t before;
    lock(&before);
    for (const unfinished *f = files; f; f = f->next) {
        (void)!truncate(f->path, 0); /* it is open still, and would keep its room until the end */
        unlink(f->path);
    }
    unlock(&before);
}

static void on_signal(int number)
{
    ir_cleanup();
    signal(number, SIG_DFL);
    raise(number); /* blocked until the handler returns, then the default action */
}

void ir_cleanup_start(void)
{
    const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal}, old;
    sigfillset(&action.sa_mask);
    for (int i = 0; i < 3; i++) {
        /* nohup and shells' background jobs ignore signals on purpose */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    atexit(ir_cleanup);
}

void ir_remove_at_exit(const char *path)
{
    size_t bytes = strlen(path) + 1;
    unfinished *file = ir_malloc(sizeof *file + bytes);
    memcpy(file->path, path, bytes);
    sigset_t before;
    lock(&before);
    file->next = files;
    files = file;
    unlock(&before);
}

void ir_keep_file(const char *path)
{
    sigset_t before;
    lock(&before);
    unfinished **link = &files, *found;
    while (*link && strcmp((*link)->path, path) != 0)
        link = &(*link)->next;
    found = *link;
    if (found)
        *link = found->next;
    unlock(&before);
    free(found);
}
