/* Frames, masks and corrupted frames side by side. A corrupted operand that is a directory or a
 * list is matched like the other two. Any other operand, usually the output of a running
 * ir-corrupt, is read by itself, item by item after the frames and never ahead: its next item may
 * depend on the rewards of this batch. */
#include "training_source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "stream/mask.h"

/* Decoded frames and masks kept from pass to pass, in bytes. */
static const size_t cache_limit = (size_t)1 << 30;

struct source {
    ir_masks *masks;
    bool resize;
    ir_matched *matched;
    ir_stream *corrupted; /* read by itself, or NULL */
    bool has_corrupted;
    ir_image item[ITEM_IMAGES];
    /* The cache: kept[i] is path i's frame and mask, once a pass has found one image in each path.
     */
    ir_image (*kept)[ITEM_IMAGES];
    size_t kept_bytes;
    bool keeping, complete;
    bool ended; /* the frames; nothing is asked for behind their end */
    size_t count, position, *order;
};

static bool is_directory_or_list(const char *operand)
{
    struct stat st;
    return operand[0] == '@' || (stat(operand, &st) == 0 && S_ISDIR(st.st_mode));
}

static void make_cache(source *s)
{
    const long count = ir_matched_count(s->matched);
    if (count < 0)
        return;
    s->count = (size_t)count;
    s->kept = ir_calloc(s->count, sizeof *s->kept);
    s->order = ir_calloc(s->count, sizeof *s->order);
    s->keeping = true;
}

/* --maxval is that of the frames, corrupted or not. */
static void set_maxval(source *s, int maxval, bool together)
{
    if (maxval == 0)
        return;
    ir_matched_set_maxval(s->matched, FRAME, maxval);
    if (together)
        ir_matched_set_maxval(s->matched, CORRUPTED, maxval);
    else if (s->corrupted)
        ir_stream_set_maxval(s->corrupted, maxval);
}

/* Looks for a target among masks that can be read again; the first mask ends that as a rule.
 * Training on none would end after hours, with a detector of nothing. */
static void need_target(source *s, const char *operand)
{
    ir_stream *stream = ir_matched_stream(s->matched, MASK);
    long count = 0;
    bool found = false;
    if (ir_stream_count(stream) < 0)
        return;
    for (; !found && ir_stream_next(stream, &s->item[MASK]); count++)
        found = ir_masks_has_target(s->masks, &s->item[MASK]);
    if (!found)
        ir_die("%s: no target in %ld mask%s (--true-above sets which pixels are true)", operand,
               count, count == 1 ? "" : "s");
    ir_stream_rewind(stream);
}

source *source_open(const source_options *o)
{
    source *s = ir_calloc(1, sizeof *s);
    char *const corrupted = o->operand[CORRUPTED];
    const bool together = corrupted && is_directory_or_list(corrupted);
    s->masks = ir_masks_new("mask", o->true_above);
    s->resize = o->resize;
    s->matched = ir_matched_open(together ? 3 : 2, o->operand);
    s->has_corrupted = corrupted != NULL;
    if (corrupted && !together)
        s->corrupted = ir_stream_open(1, &o->operand[CORRUPTED]);
    set_maxval(s, o->maxval, together);
    need_target(s, o->operand[MASK]);
    if (o->repeated) {
        ir_matched_rewind(s->matched); /* refuses, before any work, what cannot be read again */
        make_cache(s);
    }
    return s;
}

size_t source_position(const source *s)
{
    return s->position;
}

long source_count(const source *s)
{
    return ir_matched_count(s->matched);
}

long source_frames(const source *s)
{
    return ir_matched_frames(s->matched);
}

static void drop_cache(source *s)
{
    for (size_t i = 0; s->kept && i < s->count; i++) {
        for (int k = 0; k < ITEM_IMAGES; k++)
            ir_image_free(&s->kept[i][k]);
    }
    free(s->kept);
    s->kept = NULL;
    s->keeping = s->complete = false;
}

/* Copies the item just read into the cache; gives the cache up when it would grow too large or when
 * paths and images turn out not to be one to one. */
static void keep_item(source *s)
{
    const size_t pixels = (size_t)s->item[FRAME].width * (size_t)s->item[FRAME].height;
    s->kept_bytes += 2 * pixels * sizeof(uint16_t);
    if (s->position >= s->count || s->kept_bytes > cache_limit) {
        drop_cache(s);
        return;
    }
    ir_image *kept = s->kept[s->order[s->position]];
    ir_image_copy(&kept[FRAME], &s->item[FRAME]);
    ir_image_copy(&kept[MASK], &s->item[MASK]);
}

static void read_corrupted(source *s)
{
    if (!ir_stream_next(s->corrupted, &s->item[CORRUPTED]))
        ir_die("%s: the corrupted images end before this one", s->item[FRAME].name);
}

/* Makes the mask one of 0 and maxval, of the frame's size. */
static void fit(source *s)
{
    const ir_image *frame = &s->item[FRAME];
    ir_image *mask = &s->item[MASK];
    ir_masks_read(s->masks, mask);
    if (s->resize)
        ir_image_scale_nearest(mask, frame->width, frame->height);
    ir_check_same_size(frame, mask, "mask", "--resize nearest scales it");
    if (s->has_corrupted)
        ir_check_same_size(frame, &s->item[CORRUPTED], "corrupted image", NULL);
}

const ir_image *source_next(source *s)
{
    if (s->complete)
        return s->position < s->count ? s->kept[s->order[s->position++]] : NULL;
    if (s->ended || !ir_matched_next(s->matched, s->item)) {
        s->ended = true;
        s->complete = s->keeping && s->position == s->count;
        return NULL;
    }
    if (s->corrupted)
        read_corrupted(s);
    fit(s);
    if (s->keeping)
        keep_item(s);
    s->position++;
    return s->item;
}

void source_finish(source *s)
{
    if (s->corrupted && ir_stream_next(s->corrupted, &s->item[CORRUPTED]))
        ir_die("%s: a corrupted image without a frame: the images have ended",
               s->item[CORRUPTED].name);
    ir_masks_warn(s->masks);
    ir_masks_need_target(s->masks);
}

void source_again(source *s, const size_t *order)
{
    s->position = 0;
    s->ended = false;
    for (size_t i = 0; i < s->count; i++)
        s->order[i] = order ? order[i] : i;
    if (s->complete)
        return;
    if (order)
        ir_matched_set_order(s->matched, order);
    ir_matched_rewind(s->matched);
    s->kept_bytes = 0;
}

void source_close(source *s)
{
    drop_cache(s);
    for (int k = 0; k < ITEM_IMAGES; k++)
        ir_image_free(&s->item[k]);
    ir_matched_close(s->matched);
    ir_masks_free(s->masks);
    if (s->corrupted)
        ir_stream_close(s->corrupted);
    free(s->order);
    free(s);
}
