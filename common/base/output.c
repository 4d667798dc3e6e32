/* Files written whole or not at all: beside the target under another name, synced, renamed. */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

/* A device or a FIFO cannot be replaced by a rename; it is written to directly. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* The file that path leads to: links are followed, so that their target is replaced. */
static char *target_of(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy;
    if (!real)
        return ir_strdup(path);
    copy = ir_strdup(real);
    free(real);
    return copy;
}

/* What open() could not make; errno stays what it is. */
static void forget(char *name)
{
    int reason = errno;
    ir_keep_file(name);
    free(name);
    errno = reason;
}

/* The last component of a path. */
static const char *entry_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A new file, named after the first length bytes of path, in an open directory or, with AT_FDCWD,
 * in the directory of path. Skips names left behind by a killed process. The name is registered
 * first, since memory may run out or a signal may come as soon as the file exists. */
static int open_part(int directory, const char *path, int length, char **name)
{
    enum { TRIES = 1000 };

    for (int i = 0; i < TRIES; i++) {
        *name = ir_format("%.*s.%ld-%d.part", length, path, (long)getpid(), i);
        ir_remove_at_exit(*name);
        int fd = openat(directory, directory == AT_FDCWD ? *name : entry_of(*name),
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0)
            return fd;
        forget(*name);
        if (errno != EEXIST)
            break;
    }
    *name = NULL;
    return -1;
}

static int open_beside(const char *target, char **name)
{
    return open_part(AT_FDCWD, target, (int)strlen(target), name);
}

/* The new file gets the permissions of the one it replaces. */
static void keep_mode(int fd, const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
        (void)!fchmod(fd, st.st_mode & 07777);
}

/* Opens the file beside out->target that will replace it. */
static void open_new(ir_output *out)
{
    int fd = open_beside(out->target, &out->temporary);
    if (fd < 0)
        ir_die_errno("%s", out->path);
    keep_mode(fd, out->target);
    out->file = fdopen(fd, "w");
    if (!out->file)
        ir_die_errno("%s", out->path);
}

ir_output ir_output_open(const char *path)
{
    ir_output out = {.file = stdout};
    if (!path || strcmp(path, "-") == 0)
        return out;
    out.path = ir_strdup(path);
    if (is_special(path)) {
        out.file = fopen(path, "we");
        if (!out.file)
            ir_die_errno("%s", path);
        return out;
    }
    out.target = target_of(path);
    open_new(&out);
    return out;
}

ir_output ir_output_open_received(const char *path)
{
    ir_output out = {.file = stdout};
    struct stat st;
    if (!path || strcmp(path, "-") == 0 || strncmp(path, "/dev/", 5) == 0)
        return ir_output_open(path);
    if (lstat(path, &st) == 0 &&
        (S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
        ir_die("%s: %s is there, which no file can replace", path,
               S_ISDIR(st.st_mode) ? "a directory" : "a device");
    out.path = ir_strdup(path);
    out.target = ir_strdup(path);
    open_new(&out);
    return out;
}

/* In the directory of path. The name is short: path's own may be as long as can be. */
static int open_in(int directory, const char *path, char **name)
{
    return open_part(directory, path, (int)(entry_of(path) - path), name);
}

ir_output ir_output_open_at(int directory, const char *path)
{
    ir_output out = {.path = ir_strdup(path), .one_of_many = true, .directory = directory};
    struct stat st;
    int fd = open_in(directory, path, &out.temporary);
    if (fd < 0)
        ir_die_errno("%s", path);
    if (fstatat(directory, entry_of(path), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        (void)!fchmod(fd, st.st_mode & 07777);
    out.file = fdopen(fd, "w");
    if (!out.file)
        ir_die_errno("%s", path);
    return out;
}

static int put_in_place(const ir_output *out)
{
    if (out->one_of_many)
        return renameat(out->directory, entry_of(out->temporary), out->directory,
                        entry_of(out->path));
    return rename(out->temporary, out->target);
}

void ir_output_close(ir_output *out)
{
    const char *name = out->path ? out->path : "standard output";
    ir_flush(out->file, name);
    if (out->temporary && !out->one_of_many && fsync(fileno(out->file)) != 0)
        ir_die_errno("%s", name);
    if (out->path && fclose(out->file) != 0)
        ir_die_errno("%s", name);
    if (out->temporary) {
        if (put_in_place(out) != 0)
            ir_die_errno("%s", name);
        ir_keep_file(out->temporary);
    }
    free(out->path);
    free(out->temporary);
    free(out->target);
    *out = (ir_output){0};
}
