/* Fills batches of training crops. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crop.h"

static size_t crop_size(const batch *b)
{
    return (size_t)b->side * (size_t)b->side;
}

void batch_make(batch *b, int capacity, int side, bool paired)
{
    *b = (batch){.capacity = capacity, .side = side, .paired = paired};
    const size_t images = (size_t)capacity * (paired ? 2 : 1);
    b->image = ir_calloc(images * crop_size(b), sizeof *b->image);
    b->mask = ir_calloc(images * crop_size(b), sizeof *b->mask);
    b->name = ir_calloc((size_t)capacity, sizeof *b->name);
}

int batch_images(const batch *b)
{
    return b->paired ? 2 * b->count : b->count;
}

int batch_whole_images(const batch *b)
{
    return b->paired ? 2 * b->whole : b->whole;
}

static void put_crop(const crop *c, const ir_image *im, int side, const cropping *how, float *out)
{
    const ir_normalisation n = ir_normalisation_for(&how->normalisation, im);
    crop_image(c, im, side, &n, out);
}

static void add_item(batch *b, const ir_image *item, const cropping *how)
{
    const uint64_t number = b->before + (uint64_t)b->count;
    ir_rng rng = ir_rng_make(how->seed, "crop", item[FRAME].name, number);
    const crop c = crop_draw(&rng, &item[MASK], b->side);
    const size_t at = (size_t)b->count * crop_size(b);
    put_crop(&c, &item[FRAME], b->side, how, b->image + at);
    crop_mask(&c, &item[MASK], b->side, b->mask + at);
    if (b->paired) {
        const size_t half = (size_t)b->capacity * crop_size(b);
        put_crop(&c, &item[CORRUPTED], b->side, how, b->image + half + at);
    }
    free(b->name[b->count]);
    b->name[b->count++] = ir_strdup(item[FRAME].name);
}

/* The corrupted half moves up behind the clean one when the batch is short, and gets the masks. */
static void close_ranks(batch *b)
{
    const size_t used = (size_t)b->count * crop_size(b);
    const size_t half = (size_t)b->capacity * crop_size(b);
    memmove(b->image + used, b->image + half, used * sizeof *b->image);
    memcpy(b->mask + used, b->mask, used * sizeof *b->mask);
}

bool batch_fill(batch *b, source *s, const cropping *how)
{
    const ir_image *item;
    b->count = 0;
    b->before = how->before + source_position(s);
    while (b->count < b->capacity && (item = source_next(s)))
        add_item(b, item, how);
    if (b->paired)
        close_ranks(b);
    b->whole = b->count;
    return b->count > 0;
}

void batch_free(batch *b)
{
    for (int i = 0; i < b->capacity; i++)
        free(b->name[i]);
    free(b->name);
    free(b->mask);
    free(b->image);
}
