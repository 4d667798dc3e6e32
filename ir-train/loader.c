/* Filling batches ahead: a thread a pass, two batches, two counters.
 *
 * Batch number i of a pass lies in slot i % SLOTS. given <= filled <= given + SLOTS, given counting
 * the batches that the caller is done with. */
#include "loader.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"

enum { SLOTS = 2 };

struct loader {
    source *source;
    cropping how;
    bool ahead;
    batch *slot[SLOTS]; /* without ahead, the first alone */
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    size_t filled, given;
    bool holds; /* the caller has batch number `given` */
    bool waits; /* the caller wants a batch that is not there yet */
    bool ended; /* no batch comes behind number filled - 1 */
};

loader *loader_new(source *s, int room, int side, bool paired, bool ahead)
{
    loader *l = ir_calloc(1, sizeof *l);

    l->source = s;
    l->ahead = ahead;
    for (int i = 0; i < (ahead ? SLOTS : 1); i++)
        l->slot[i] = batch_new(room, side, paired);
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->changed, NULL);
    return l;
}

static bool fill(loader *l, batch *b)
{
    if (batch_fill(b, l->source, &l->how))
        return true;
    source_finish(l->source);
    return false;
}

/* What is wrong with a batch is said when the caller is through with those before. */
static void wait_for_caller(void *argument)
{
    loader *l = argument;

    pthread_mutex_lock(&l->mutex);
    while (!(l->waits && l->given == l->filled))
        pthread_cond_wait(&l->changed, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
}

static void *fill_all(void *argument)
{
    loader *l = argument;
    bool more = true;

    ir_before_dying(wait_for_caller, l);
    for (size_t number = 0; more; number++) {
        pthread_mutex_lock(&l->mutex);
        while (number == l->given + SLOTS)
            pthread_cond_wait(&l->changed, &l->mutex);
        pthread_mutex_unlock(&l->mutex);

        more = fill(l, l->slot[number % SLOTS]);

        pthread_mutex_lock(&l->mutex);
        l->filled += more;
        l->ended = !more;
        pthread_cond_signal(&l->changed);
        pthread_mutex_unlock(&l->mutex);
    }
    return NULL;
}

void loader_begin(loader *l, cropping how)
{
    l->how = how;
    if (!l->ahead)
        return;
    l->filled = l->given = 0;
    l->holds = l->ended = false;
    errno = pthread_create(&l->thread, NULL, fill_all, l);
    if (errno)
        ir_die_errno("cannot start a thread");
}

static const batch *next_filled(loader *l)
{
    pthread_mutex_lock(&l->mutex);
    l->given += l->holds;
    l->waits = true;
    pthread_cond_signal(&l->changed);
    while (l->given == l->filled && !l->ended)
        pthread_cond_wait(&l->changed, &l->mutex);
    l->waits = false;
    l->holds = l->given < l->filled;
    pthread_mutex_unlock(&l->mutex);
    if (l->holds)
        return l->slot[l->given % SLOTS];
    errno = pthread_join(l->thread, NULL);
    if (errno)
        ir_die_errno("a thread does not end");
    return NULL;
}

const batch *loader_next(loader *l)
{
    if (l->ahead)
        return next_filled(l);
    return fill(l, l->slot[0]) ? l->slot[0] : NULL;
}

void loader_free(loader *l)
{
    for (int i = 0; i < SLOTS; i++) {
        if (l->slot[i])
            batch_free(l->slot[i]);
    }
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->changed);
    free(l);
}
