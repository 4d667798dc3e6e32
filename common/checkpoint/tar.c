/* Checkpoints as tar archives, through libarchive: written the same every time, read with
 * suspicion.
 *
 * Nothing is taken from a header on trust: a member's bytes are gathered as they come, so memory
 * grows with what was really there, and an archive must end as one (zeros to the end of the file).
 * What tars made by hand have besides, and what libarchive only warns of (an owner whose name the
 * locale cannot spell), says nothing about the numbers and is passed over. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/output.h"
#include "checkpoint/checkpoint_internal.h"
#include "checkpoint/half.h"

enum { TAR_BLOCK = 512, WRITTEN = 128 * TAR_BLOCK /* at a time */ };

/* ---- reading ---- */

typedef struct {
    struct archive *archive;
    FILE *file;
    const char *path; /* for messages */
    char *last;       /* the last member's name, or NULL: for messages, too */
    int members;      /* so far, directories counted */
    uint64_t end;     /* of the last one in the file, its padding not counted */
    uint64_t bytes;   /* read from file so far */
    uint64_t zeros;   /* how many of the last of them are zero */
    char *member;     /* bytes of the member at hand, and one zero byte */
    size_t length, capacity;
    char buffer[64 * 1024];
} reader;

static la_ssize_t read_file(struct archive *archive, void *context, const void **block)
{
    reader *r = context;
    size_t n = fread(r->buffer, 1, sizeof r->buffer, r->file), tail = 0;
    if (n == 0 && ferror(r->file)) {
        archive_set_error(archive, errno, "%s", strerror(errno));
        return -1;
    }
    while (tail < n && r->buffer[n - 1 - tail] == 0)
        tail++;
    r->zeros = tail == n ? r->zeros + n : tail;
    r->bytes += n;
    *block = r->buffer;
    return (la_ssize_t)n;
}

_Noreturn static void die_of_archive(const reader *r, const char *member)
{
    const char *why = archive_error_string(r->archive);
    if (!why)
        why = "damaged tar";
    if (member)
        ir_die("%s: %s: %s", r->path, member, why);
    if (r->last)
        ir_die("%s: after %s: %s", r->path, r->last, why);
    ir_die("%s: not a checkpoint: %s", r->path, why);
}

/* So many bytes more, and the zero byte. */
static void reserve(reader *r, size_t more)
{
    if (more < r->capacity - r->length)
        return;
    r->capacity = 2 * (r->length + more) + TAR_BLOCK;
    r->member = ir_realloc(r->member, r->capacity, 1);
}

/* The member's bytes; its header's size is an upper bound, never a reason to allocate. A block that
 * does not follow the one before leaves a hole: a few bytes of file would be read as any number of
 * zeros. */
static void read_member(reader *r, const char *name, size_t limit)
{
    const void *block;
    la_int64_t at;
    size_t n;
    int status;
    r->length = 0;
    reserve(r, 0);
    while ((status = archive_read_data_block(r->archive, &block, &n, &at)) == ARCHIVE_OK) {
        if (at != (la_int64_t)r->length)
            ir_die("%s: %s: not a plain file", r->path, name);
        if (n > limit - r->length)
            ir_die("%s: %s: too large", r->path, name);
        reserve(r, n);
        memcpy(r->member + r->length, block, n);
        r->length += n;
    }
    if (status != ARCHIVE_EOF)
        die_of_archive(r, name);
    r->member[r->length] = '\0';
}

/* The name without "./" in front and "/" behind, as tar(1) writes them; a new string. */
static char *plain_name(const char *name)
{
    size_t length;
    char *plain;
    while (strncmp(name, "./", 2) == 0)
        name += 1 + strspn(name + 1, "/");
    plain = ir_strdup(name);
    for (length = strlen(plain); length > 1 && plain[length - 1] == '/'; length--)
        plain[length - 1] = '\0';
    return plain;
}

/* Directories that members lie in: they carry nothing. */
static bool is_directory_of_members(const char *name)
{
    return *name == '\0' || strcmp(name, ".") == 0 || ir_array_directory_ok(name);
}

_Noreturn static void die_of_name(const reader *r, const char *name)
{
    ir_die(
        "%s: '%.*s' is no name of a member (in the directory that holds meta: tar cf NEW meta */)",
        r->path, IR_MAX_MEMBER_NAME, name);
}

/* The next member that is a file, its name in r->last; false at the end of the archive. */
static bool next_member(reader *r)
{
    struct archive_entry *entry;
    int status, type;
    do {
        status = archive_read_next_header(r->archive, &entry);
        if (status == ARCHIVE_EOF)
            return false;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            die_of_archive(r, NULL);
        if (!archive_entry_pathname(entry))
            ir_die("%s: after %s: a name that cannot be read", r->path,
                   r->last ? r->last : "nothing");
        if (r->members++ == IR_MAX_MEMBERS)
            ir_die("%s: more than %d members", r->path, IR_MAX_MEMBERS);
        free(r->last);
        r->last = plain_name(archive_entry_pathname(entry));
        r->end = (uint64_t)archive_filter_bytes(r->archive, 0);
        type = archive_entry_filetype(entry);
        if (type == AE_IFDIR && !is_directory_of_members(r->last))
            die_of_name(r, r->last);
    } while (type == AE_IFDIR);
    if (type != AE_IFREG || archive_entry_hardlink(entry) || archive_entry_sparse_count(entry) > 0)
        ir_die("%s: %s: not a plain file", r->path, r->last);
    return true;
}

static void read_meta(reader *r, ir_checkpoint *checkpoint, const char *kind)
{
    const char *found;
    if (checkpoint->metas > 0)
        ir_die("%s: meta is there twice", r->path);
    read_member(r, "meta", IR_MAX_META_BYTES);
    ir_meta_parse(checkpoint, r->member, r->length);
    found = ir_meta_text(checkpoint, "format");
    if (strcmp(found, "1") != 0)
        ir_die("%s: meta: format %s is unknown; this program reads format %d", r->path, found,
               IR_CHECKPOINT_FORMAT);
    found = ir_meta_text(checkpoint, "kind");
    if (strcmp(found, kind) != 0)
        ir_die("%s: a checkpoint of kind '%s', not '%s'", r->path, found, kind);
}

/* PyTorch counts batches in every batch norm; nothing here needs to know. */
static bool is_batch_count(const char *name)
{
    static const char count[] = "num_batches_tracked";
    size_t n = strlen(name), k = sizeof count - 1;
    return n > k && strcmp(name + n - k, count) == 0 && strchr("./", name[n - k - 1]);
}

/* "param/x.npy" -> "param/x", a new string. */
static char *array_name(const reader *r, const char *member)
{
    size_t n = strlen(member);
    char *name = ir_strdup(member);
    if (n > 4 && n <= IR_MAX_MEMBER_NAME && strcmp(member + n - 4, ".npy") == 0) {
        name[n - 4] = '\0';
        if (ir_array_name_ok(name))
            return name;
    }
    die_of_name(r, member);
}

static void read_array(reader *r, ir_checkpoint *checkpoint, char *name)
{
    ir_array *array = ir_calloc(1, sizeof *array);
    const char *wrong;
    long bad;
    array->name = name;
    read_member(r, r->last, (size_t)IR_MAX_ELEMENTS * sizeof(float) + sizeof r->buffer);
    if (is_batch_count(name)) {
        ir_array_free(array);
        return;
    }
    wrong = ir_npy_parse(r->member, r->length, array);
    if (wrong)
        ir_die("%s: %s.npy: %s", r->path, name, wrong);
    bad = ir_array_nonfinite(array);
    if (bad >= 0)
        ir_die("%s: %s.npy: element %ld is not finite", r->path, name, bad);
    if (!ir_checkpoint_insert(checkpoint, array))
        ir_die("%s: %s.npy is there twice", r->path, name);
}

/* A tar that is cut between two members looks complete to libarchive, which also ignores anything
 * after the end. So the rest of the file, two blocks or more, must be zeros. */
static void check_end(reader *r)
{
    uint64_t end = r->end;
    const void *unused;
    la_ssize_t n;
    end = (end + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    while ((n = read_file(r->archive, r, &unused)) > 0)
        ;
    if (n < 0)
        die_of_archive(r, NULL);
    if (r->bytes < end + 2 * TAR_BLOCK)
        ir_die("%s: cut short after %s", r->path, r->last);
    if (r->zeros < r->bytes - end)
        ir_die("%s: junk behind its end, after %s", r->path, r->last);
}

ir_checkpoint *ir_checkpoint_read(const char *path, const char *kind)
{
    ir_checkpoint *checkpoint = ir_calloc(1, sizeof *checkpoint);
    reader *r = ir_calloc(1, sizeof *r);
    r->file = ir_open_in(path);
    r->path = strcmp(path, "-") == 0 ? "standard input" : path;
    checkpoint->path = ir_strdup(r->path);
    r->archive = archive_read_new();
    if (!r->archive)
        ir_die("%s: out of memory", path);
    archive_read_support_format_tar(r->archive);
    /* macOS's tar puts a member ._NAME of attributes before NAME */
    archive_read_set_format_option(r->archive, "tar", "mac-ext", "1");
    if (archive_read_open(r->archive, r, NULL, read_file, NULL) != ARCHIVE_OK)
        die_of_archive(r, NULL);
    while (next_member(r)) {
        if (strcmp(r->last, "meta") == 0)
            read_meta(r, checkpoint, kind);
        else
            read_array(r, checkpoint, array_name(r, r->last));
        r->end = (uint64_t)archive_filter_bytes(r->archive, 0);
    }
    if (checkpoint->metas == 0)
        ir_die("%s: not a checkpoint: no member 'meta'", r->path);
    check_end(r);
    ir_checkpoint_check_seal(checkpoint);
    archive_read_free(r->archive);
    if (r->file != stdin)
        fclose(r->file);
    free(r->member);
    free(r->last);
    free(r);
    return checkpoint;
}

/* ---- writing ---- */

typedef struct {
    struct archive *archive;
    struct archive_entry *entry;
    const char *path; /* for messages */
} writer;

static void check_write(const writer *w, la_ssize_t status)
{
    if (status < ARCHIVE_OK)
        ir_die("%s: %s", w->path,
               archive_errno(w->archive) > 0 ? strerror(archive_errno(w->archive))
                                             : archive_error_string(w->archive));
}

/* No times, owner 0, no names of users: the same content gives the same bytes. */
static void begin_member(writer *w, const char *name, size_t bytes)
{
    archive_entry_clear(w->entry);
    archive_entry_set_pathname(w->entry, name);
    archive_entry_set_filetype(w->entry, AE_IFREG);
    archive_entry_set_perm(w->entry, 0644);
    archive_entry_set_size(w->entry, (la_int64_t)bytes);
    check_write(w, archive_write_header(w->archive, w->entry));
}

static void write_array(writer *w, const ir_array *array)
{
    size_t length;
    char *member = ir_format("%s.npy", array->name), *bytes = ir_npy_bytes(array, &length);
    begin_member(w, member, length);
    check_write(w, archive_write_data(w->archive, bytes, length));
    free(bytes);
    free(member);
}

static void write_meta(writer *w, const ir_checkpoint *checkpoint)
{
    char *text = ir_meta_print(checkpoint);
    begin_member(w, "meta", strlen(text));
    check_write(w, archive_write_data(w->archive, text, strlen(text)));
    free(text);
}

/* What cannot be read again is not written. path: for the message. */
static void check_numbers(const ir_array *array, const char *path)
{
    const size_t size = ir_array_size(array);
    if (ir_array_nonfinite(array) >= 0)
        ir_die("%s: %s became infinite or not a number; not written", path, array->name);
    for (size_t i = 0; array->half && i < size; i++)
        if (isinf(ir_half_to_float(ir_half_from_float(array->data[i]))))
            ir_die("%s: %s holds %g, and half precision ends at 65504; not written", path,
                   array->name, array->data[i]);
}

void ir_checkpoint_write(const ir_checkpoint *checkpoint, const char *path)
{
    writer w = {.archive = archive_write_new(), .entry = archive_entry_new()};
    ir_output out;
    for (size_t i = 0; i < checkpoint->arrays; i++)
        check_numbers(checkpoint->array[i], path ? path : "standard output");
    if (!w.archive || !w.entry)
        ir_die("out of memory");
    out = ir_output_open(path);
    w.path = out.path ? out.path : "standard output";
    /* byte for byte what Python's tarfile writes for the same members, but for the padding behind
     * the end: without it no cut goes unseen */
    archive_write_set_format_gnutar(w.archive);
    archive_write_set_bytes_per_block(w.archive, WRITTEN);
    archive_write_set_bytes_in_last_block(w.archive, 1);
    check_write(&w, archive_write_open_FILE(w.archive, out.file));
    write_meta(&w, checkpoint);
    for (size_t i = 0; i < checkpoint->arrays; i++)
        write_array(&w, checkpoint->array[i]);
    check_write(&w, archive_write_close(w.archive));
    archive_entry_free(w.entry);
    archive_write_free(w.archive);
    ir_output_close(&out);
}
