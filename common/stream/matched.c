/* Streams side by side, matched by name or by order: see stream.h.
 *
 * Matching by name is settled when the streams are opened: each stream's paths are put into the
 * order of the first one's. From then on all are read in lock step, and names compared. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/name_counter.h"
#include "stream/folder.h"
#include "stream/stream_order.h"

struct ir_matched {
    int streams;
    ir_stream **stream;
    char **operand;
    bool by_name;
    size_t **partner; /* by name: partner[s][i] is the path of stream s for path i of the first */
};

/* A path, with its name and how often that name came before, by which it is found. */
typedef struct {
    const char *name;
    uint64_t occurrence;
    size_t index;
    bool used;
} key;

static int compare_keys(const void *a, const void *b)
{
    const key *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->occurrence > y->occurrence) - (x->occurrence < y->occurrence);
}

static key *make_keys(const ir_paths *paths)
{
    key *keys = ir_calloc(paths->count, sizeof *keys);
    ir_name_counter *counter = ir_name_counter_new();
    for (size_t i = 0; i < paths->count; i++) {
        const char *name = paths->item[i].name;
        keys[i] = (key){name, ir_count_name(counter, name), i, false};
    }
    ir_name_counter_free(counter);
    return keys;
}

/* A directory holds a name once, or it is not clear which file is meant. */
static void check_directory(const key *keys, const ir_paths *paths, const char *operand)
{
    for (size_t i = 0; i < paths->count; i++)
        if (keys[i].occurrence)
            ir_die("%s: more than one file of this name in %s", keys[i].name, operand);
}

/* Names that match nothing: the first five of them, and how many there are. */
typedef struct {
    char *list;
    long count, listed;
    bool again; /* some are there, but not as often */
} unmatched;

static void unmatched_add(unmatched *u, const char *name, uint64_t occurrence)
{
    enum { LISTED = 5 };
    char *longer;
    u->again = u->again || occurrence > 0;
    if (u->count++ >= LISTED)
        return;
    longer = u->list ? ir_format("%s, %s", u->list, name) : ir_strdup(name);
    free(u->list);
    u->list = longer;
    u->listed++;
}

static void die_if_unmatched(const unmatched *u, const char *in, const char *missing_in)
{
    const char *how = u->again ? " as often" : "";
    if (u->count > u->listed)
        ir_die("%s and %ld more: in %s, but not%s in %s", u->list, u->count - u->listed, in, how,
               missing_in);
    if (u->count > 0)
        ir_die("%s: in %s, but not%s in %s", u->list, in, how, missing_in);
}

/* The path of the other stream for each of the first one's keys. */
static size_t *find_partners(const key *first, size_t n, const ir_paths *other, const char *label,
                             const char *first_label, bool directory)
{
    key *keys = make_keys(other);
    size_t *partner = ir_calloc(n, sizeof *partner);
    unmatched missing = {0}, superfluous = {0};
    if (directory)
        check_directory(keys, other, label);
    qsort(keys, other->count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < n; i++) {
        key wanted = {.name = first[i].name, .occurrence = directory ? 0 : first[i].occurrence};
        key *found = bsearch(&wanted, keys, other->count, sizeof *keys, compare_keys);
        if (found) {
            found->used = true;
            partner[i] = found->index;
        } else {
            unmatched_add(&missing, wanted.name, wanted.occurrence);
        }
    }
    die_if_unmatched(&missing, first_label, label);
    for (size_t i = 0; i < other->count; i++)
        if (!keys[i].used)
            unmatched_add(&superfluous, keys[i].name, keys[i].occurrence);
    die_if_unmatched(&superfluous, label, first_label);
    free(keys);
    return partner;
}

static bool names_repeat(const key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].occurrence > 0)
            return true;
    return false;
}

/* The paths of a list under what they do not have in common: "41/1" for frames/41/1.pgm. */
static ir_paths places_of(const ir_paths *list)
{
    ir_paths places = {.item = ir_calloc(list->count + 1, sizeof *places.item)};
    char **folder = ir_folders(list, NULL);
    places.count = list->count;
    for (size_t i = 0; i < list->count; i++)
        places.item[i].name = ir_format("%s/%s", folder[i], list->item[i].name);
    ir_folders_free(folder, list);
    return places;
}

/* The path of the other list for each of the first one's, where both have the same names in the
 * same directories; NULL where they have not. Without this a name that comes again would depend on
 * the lists' order. */
static size_t *partners_by_place(const ir_paths *first, const ir_paths *other)
{
    if (first->count != other->count)
        return NULL;
    const size_t n = first->count;
    ir_paths a = places_of(first), b = places_of(other);
    key *x = make_keys(&a), *y = make_keys(&b);
    size_t *partner = ir_calloc(n + 1, sizeof *partner), same = 0;
    qsort(x, n, sizeof *x, compare_keys);
    qsort(y, n, sizeof *y, compare_keys);
    for (; same < n && compare_keys(&x[same], &y[same]) == 0; same++)
        partner[x[same].index] = y[same].index;
    if (same < n) {
        free(partner);
        partner = NULL;
    }
    free(x);
    free(y);
    ir_paths_free(&a);
    ir_paths_free(&b);
    return partner;
}

static void match_names(ir_matched *m, const bool *directory)
{
    const ir_paths *leader = ir_stream_paths(m->stream[0]);
    key *first = make_keys(leader);
    if (directory[0])
        check_directory(first, leader, m->operand[0]);
    m->partner = ir_calloc((size_t)m->streams, sizeof *m->partner);
    const bool repeat = !directory[0] && names_repeat(first, leader->count);
    for (int s = 1; s < m->streams; s++) {
        const ir_paths *other = ir_stream_paths(m->stream[s]);
        if (repeat && !directory[s])
            m->partner[s] = partners_by_place(leader, other);
        if (!m->partner[s])
            m->partner[s] = find_partners(first, leader->count, other, m->operand[s], m->operand[0],
                                          directory[s]);
        ir_stream_set_sequence(m->stream[s], m->partner[s], leader->count, false);
        ir_stream_start(m->stream[s]);
    }
    free(first);
}

ir_matched *ir_matched_open(int streams, char *const *operand)
{
    ir_matched *m = ir_calloc(1, sizeof *m);
    bool *directory = ir_calloc((size_t)streams, sizeof *directory);
    m->streams = streams;
    m->stream = ir_calloc((size_t)streams, sizeof *m->stream);
    m->operand = ir_calloc((size_t)streams, sizeof *m->operand);
    m->by_name = true;
    for (int s = 0; s < streams; s++) {
        m->stream[s] = ir_stream_new();
        m->operand[s] = ir_strdup(strcmp(operand[s], "-") == 0 ? "standard input" : operand[s]);
        enum ir_operand_kind kind = ir_stream_add(m->stream[s], operand[s]);
        directory[s] = kind == IR_DIRECTORY;
        m->by_name = m->by_name && kind != IR_FILE;
    }
    if (m->by_name)
        match_names(m, directory);
    free(directory);
    return m;
}

/* Stream s has ended where the first has an item, or the other way round. */
static _Noreturn void die_unequal(const ir_matched *m, int longer, int shorter, const char *name)
{
    ir_die("%s: in %s, but %s has no more images", name, m->operand[longer], m->operand[shorter]);
}

bool ir_matched_next(ir_matched *m, ir_image *im)
{
    bool more = ir_stream_next(m->stream[0], &im[0]);
    for (int s = 1; s < m->streams; s++) {
        bool other = ir_stream_next(m->stream[s], &im[s]);
        if (more && !other)
            die_unequal(m, 0, s, im[0].name);
        if (other && !more)
            die_unequal(m, s, 0, im[s].name);
        if (more && m->by_name && strcmp(im[0].name, im[s].name) != 0)
            ir_die("%s: in %s, where %s has %s", im[s].name, m->operand[s], m->operand[0],
                   im[0].name);
    }
    return more;
}

void ir_check_same_size(const ir_image *image, const ir_image *other, const char *what,
                        const char *remedy)
{
    if (image->width != other->width || image->height != other->height)
        ir_die("%s: %s is %dx%d, the image %dx%d%s%s%s", image->name, what, other->width,
               other->height, image->width, image->height, remedy ? " (" : "", remedy ? remedy : "",
               remedy ? ")" : "");
}

ir_stream *ir_matched_stream(ir_matched *m, int stream)
{
    return m->stream[stream];
}

void ir_matched_set_maxval(ir_matched *m, int stream, int maxval)
{
    ir_stream_set_maxval(m->stream[stream], maxval);
}

void ir_matched_spare(const ir_matched *m, const ir_sink *sink)
{
    for (int s = 0; s < m->streams; s++)
        ir_sink_spare(sink, m->stream[s]);
}

long ir_matched_frames(const ir_matched *m)
{
    return ir_stream_count(m->stream[0]);
}

long ir_matched_count(const ir_matched *m)
{
    long count = ir_stream_count(m->stream[0]);
    for (int s = 1; s < m->streams && !m->by_name; s++)
        if (ir_stream_count(m->stream[s]) != count)
            return -1;
    return count;
}

void ir_matched_rewind(ir_matched *m)
{
    for (int s = 0; s < m->streams; s++)
        ir_stream_rewind(m->stream[s]);
}

void ir_matched_set_order(ir_matched *m, const size_t *order)
{
    long count = ir_matched_count(m);
    if (count < 0)
        ir_usage_die("operands of different lengths, or pipes, cannot be shuffled");
    size_t n = (size_t)count, *index = ir_malloc(n * sizeof *index);
    ir_stream_set_order(m->stream[0], order);
    for (int s = 1; s < m->streams; s++) {
        for (size_t i = 0; i < n; i++)
            index[i] = m->by_name ? m->partner[s][order[i]] : order[i];
        ir_stream_set_sequence(m->stream[s], index, n, true);
    }
    free(index);
}

void ir_matched_close(ir_matched *m)
{
    if (!m)
        return;
    for (int s = 0; s < m->streams; s++) {
        ir_stream_close(m->stream[s]);
        free(m->operand[s]);
        if (m->partner)
            free(m->partner[s]);
    }
    free(m->partner);
    free(m->stream);
    free(m->operand);
    free(m);
}
