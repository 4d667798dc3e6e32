/* Read, work, write over a ring of items: see pipeline.h.
 *
 * Item number i lives in slot i % slots. Three counters move along the stream: items read, items
 * taken by a worker, items written; written <= taken <= read <= written + slots. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/pipeline.h"

typedef struct {
    const ir_pipeline *pipeline;
    void *context;
    char *items;
    bool *finished; /* per slot: worked on, not yet written */
    size_t slots;
    size_t read, taken, written;
    bool ended; /* the reader found no more */
    pthread_mutex_t mutex;
    pthread_cond_t can_read, can_work, can_write;
} ring;

static void *item(const ring *r, size_t number)
{
    return r->items + number % r->slots * r->pipeline->item_size;
}

/* A place in the stream. */
typedef struct {
    ring *ring;
    size_t number;
} place;

/* An item's error is reported after all items before it are written. */
static void wait_for_those_before(void *context)
{
    const place *p = context;
    pthread_mutex_lock(&p->ring->mutex);
    while (p->ring->written < p->number)
        pthread_cond_wait(&p->ring->can_read, &p->ring->mutex);
    pthread_mutex_unlock(&p->ring->mutex);
}

static void *reader(void *argument)
{
    ring *r = argument;
    place here = {r, 0};
    bool more = true;
    for (; more; here.number++) {
        pthread_mutex_lock(&r->mutex);
        while (r->read == r->written + r->slots)
            pthread_cond_wait(&r->can_read, &r->mutex);
        pthread_mutex_unlock(&r->mutex);

        ir_before_dying(wait_for_those_before, &here);
        more = r->pipeline->read(r->context, item(r, r->read));

        pthread_mutex_lock(&r->mutex);
        if (more) {
            r->read++;
            pthread_cond_signal(&r->can_work);
        } else {
            r->ended = true;
            pthread_cond_broadcast(&r->can_work);
            pthread_cond_signal(&r->can_write);
        }
        pthread_mutex_unlock(&r->mutex);
    }
    return NULL;
}

static void *worker(void *argument)
{
    ring *r = argument;
    pthread_mutex_lock(&r->mutex);
    for (;;) {
        while (r->taken == r->read && !r->ended)
            pthread_cond_wait(&r->can_work, &r->mutex);
        if (r->taken == r->read)
            break;
        size_t number = r->taken++;
        pthread_mutex_unlock(&r->mutex);

        place here = {r, number};
        ir_before_dying(wait_for_those_before, &here);
        r->pipeline->work(r->context, item(r, number));
        ir_before_dying(NULL, NULL);

        pthread_mutex_lock(&r->mutex);
        r->finished[number % r->slots] = true;
        if (number == r->written)
            pthread_cond_signal(&r->can_write);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

static void *writer(void *argument)
{
    ring *r = argument;
    pthread_mutex_lock(&r->mutex);
    for (;;) {
        size_t slot = r->written % r->slots;
        while (!r->finished[slot] && !(r->ended && r->written == r->read))
            pthread_cond_wait(&r->can_write, &r->mutex);
        if (!r->finished[slot])
            break;
        pthread_mutex_unlock(&r->mutex);

        r->pipeline->write(r->context, item(r, r->written));

        pthread_mutex_lock(&r->mutex);
        r->finished[slot] = false;
        r->written++;
        pthread_cond_broadcast(&r->can_read);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

static pthread_t start_thread(void *(*run)(void *), ring *r)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, run, r);
    if (errno)
        ir_die_errno("cannot start a thread");
    return thread;
}

static void run_threads(ring *r, int threads)
{
    pthread_t *thread = ir_malloc((size_t)(threads + 1) * sizeof *thread);
    thread[0] = start_thread(reader, r);
    for (int i = 1; i <= threads; i++)
        thread[i] = start_thread(worker, r);
    writer(r); /* in this thread */
    for (int i = 0; i <= threads; i++)
        pthread_join(thread[i], NULL);
    free(thread);
}

static void run_here(ring *r)
{
    const pthread_t reading = start_thread(reader, r), writing = start_thread(writer, r);
    worker(r);
    pthread_join(reading, NULL);
    pthread_join(writing, NULL);
}

/* One thread needs no other: an item is written before the next one is asked for. */
static void run_alone(const ring *r)
{
    while (r->pipeline->read(r->context, r->items)) {
        r->pipeline->work(r->context, r->items);
        r->pipeline->write(r->context, r->items);
    }
}

static ring new_ring(const ir_pipeline *pipeline, void *context, size_t slots)
{
    return (ring){.pipeline = pipeline,
                  .context = context,
                  .items = ir_calloc(slots, pipeline->item_size),
                  .finished = ir_calloc(slots, sizeof(bool)),
                  .slots = slots,
                  .mutex = PTHREAD_MUTEX_INITIALIZER,
                  .can_read = PTHREAD_COND_INITIALIZER,
                  .can_work = PTHREAD_COND_INITIALIZER,
                  .can_write = PTHREAD_COND_INITIALIZER};
}

static void free_ring(const ring *r)
{
    for (size_t i = 0; i < r->slots && r->pipeline->clear; i++)
        r->pipeline->clear(item(r, i));
    free(r->finished);
    free(r->items);
}

void ir_pipeline_run(const ir_pipeline *pipeline, void *context, int threads)
{
    ring r = new_ring(pipeline, context, threads > 1 ? (size_t)threads + 4 : 1);
    if (threads > 1)
        run_threads(&r, threads);
    else
        run_alone(&r);
    free_ring(&r);
}

void ir_pipeline_run_here(const ir_pipeline *pipeline, void *context)
{
    ring r = new_ring(pipeline, context, 4);
    run_here(&r);
    free_ring(&r);
}
