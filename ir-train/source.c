/* Frames, masks and corrupted frames side by side.
 *
 * A corrupted operand that is a directory or a list is matched like the other two. Any other, the
 * stream of a running ir-corrupt above all, is read by itself: item by item behind the frames,
 * never ahead, because what it holds next may depend on the rewards of this batch. */
#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"

/* Decoded frames and masks kept from pass to pass, in bytes. */
static const size_t cache_limit = (size_t)1 << 30;

struct source {
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

source *source_open(char *images, char *masks, char *corrupted, int maxval, bool repeated)
{
    source *s = ir_calloc(1, sizeof *s);
    char *const operand[ITEM_IMAGES] = {images, masks, corrupted};
    const bool together = corrupted && is_directory_or_list(corrupted);

    s->matched = ir_matched_open(together ? 3 : 2, operand);
    s->has_corrupted = corrupted != NULL;
    if (corrupted && !together)
        s->corrupted = ir_stream_open(1, &operand[CORRUPTED]);
    if (maxval > 0) {
        ir_matched_set_maxval(s->matched, FRAME, maxval);
        if (together)
            ir_matched_set_maxval(s->matched, CORRUPTED, maxval);
        else if (corrupted)
            ir_stream_set_maxval(s->corrupted, maxval);
    }
    if (repeated) {
        ir_matched_rewind(s->matched); /* refuses, before any work, what cannot be read again */
        make_cache(s);
    }
    return s;
}

long source_count(const source *s)
{
    return ir_matched_count(s->matched);
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
    ir_check_same_size(&s->item[FRAME], &s->item[MASK], "mask");
    if (s->has_corrupted)
        ir_check_same_size(&s->item[FRAME], &s->item[CORRUPTED], "corrupted image");
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
    if (s->corrupted)
        ir_stream_close(s->corrupted);
    free(s->order);
    free(s);
}
