/* Scatters batches, gathers losses. */
#include "share.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct share {
    ir_comm *comm;
    int *count; /* frames of each rank */
    batch part;
};

/* What the others have to know of a batch. frames 0: the pass has ended. */
typedef struct {
    int frames;
    uint64_t before; /* as the batch's */
    double lr;
} announcement;

share *share_new(ir_comm *comm, int side, bool paired)
{
    share *s = ir_calloc(1, sizeof *s);
    s->comm = comm;
    s->count = ir_calloc((size_t)comm->size, sizeof *s->count);
    s->part = (batch){.side = side, .paired = paired};
    return s;
}

void share_free(share *s)
{
    if (!s)
        return;
    s->part.name = NULL; /* another's */
    s->part.capacity = 0;
    batch_free(&s->part);
    free(s->count);
    free(s);
}

/* Rank 0 has as many as any. */
static int first_of(int frames, int rank, int size)
{
    return (int)(((long)frames * rank + size - 1) / size);
}

static void reserve(batch *b, int frames)
{
    const size_t pixels = (size_t)b->side * (size_t)b->side;
    const size_t images = (size_t)frames * (b->paired ? 2 : 1);
    if (frames <= b->capacity)
        return;
    b->image = ir_realloc(b->image, images * pixels, sizeof *b->image);
    b->mask = ir_realloc(b->mask, images * pixels, sizeof *b->mask);
    b->capacity = frames;
}

/* The part's count, first and whole, and who is absent. */
static void divide(share *s, int frames)
{
    const int size = s->comm->size;
    batch *part = &s->part;
    for (int r = 0; r < size; r++)
        s->count[r] = first_of(frames, r + 1, size) - first_of(frames, r, size);
    part->whole = frames;
    part->first = first_of(frames, s->comm->rank, size);
    part->count = s->count[s->comm->rank];
    ir_comm_set_absent(s->comm, part->count == 0);
    if (part->count == 0)
        part->count = 1;
    reserve(part, part->count);
}

static void scatter_half(const share *s, const float *all, float *own)
{
    const size_t pixels = (size_t)s->part.side * (size_t)s->part.side;
    s->comm->scatter(s->comm, all, s->count, pixels * sizeof *own, own);
}

static void scatter(share *s, const batch *whole)
{
    batch *part = &s->part;
    const size_t pixels = (size_t)part->side * (size_t)part->side;
    const size_t half = (size_t)part->count * pixels, all = (size_t)part->whole * pixels;
    const size_t images = (size_t)batch_images(part);
    if (s->comm->absent) {
        memset(part->image, 0, images * pixels * sizeof *part->image);
        memset(part->mask, 0, images * pixels * sizeof *part->mask);
    }
    scatter_half(s, whole ? whole->image : NULL, part->image);
    scatter_half(s, whole ? whole->mask : NULL, part->mask);
    if (!part->paired)
        return;
    scatter_half(s, whole ? whole->image + all : NULL, part->image + half);
    memcpy(part->mask + half, part->mask, half * sizeof *part->mask);
}

const batch *share_batch(share *s, const batch *whole, double *lr)
{
    announcement a = {0};
    if (whole)
        a = (announcement){.frames = whole->count, .before = whole->before, .lr = *lr};
    s->comm->broadcast(s->comm, &a, sizeof a);
    if (a.frames == 0)
        return NULL;
    divide(s, a.frames);
    scatter(s, whole);
    s->part.before = a.before;
    s->part.name = whole ? whole->name : NULL;
    *lr = a.lr;
    return &s->part;
}

void share_end(share *s)
{
    announcement a = {0};
    s->comm->broadcast(s->comm, &a, sizeof a);
}

void share_gather(share *s, const batch *part, const float *own, float *all)
{
    s->comm->gather(s->comm, own, s->count, sizeof *own, all);
    if (part->paired)
        s->comm->gather(s->comm, own + part->count, s->count, sizeof *own,
                        all ? all + part->whole : NULL);
}
