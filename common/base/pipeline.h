/* Items read in order, worked on by several threads, written in order.
 *
 * The reader and the writer have threads of their own. An item is written as soon as it and all
 * before it are done, even while the reader waits for more input; so ir-corrupt can be part of a
 * ring of pipes. The output does not depend on the number of threads. An item that fails ends the
 * process after all items before it have been written. */
#ifndef IR_PIPELINE_H
#define IR_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t item_size;                         /* bytes of one item, zeroed before its first use */
    bool (*read)(void *context, void *item);  /* false: no more. Called in order, by one thread. */
    void (*work)(void *context, void *item);  /* called by any thread, several at once */
    void (*write)(void *context, void *item); /* called in order, by one thread */
    void (*clear)(void *item);                /* frees what an item holds, at the very end */
} ir_pipeline;

/* Items are reused: read() gets one as write() left it. */
void ir_pipeline_run(const ir_pipeline *pipeline, void *context, int threads);
/* The same with all work in the caller's thread, for work that is bound to one thread; two other
 * threads read and write. */
void ir_pipeline_run_here(const ir_pipeline *pipeline, void *context);

#endif
