/* The one file with a descriptor; see descriptor.h. */
#include "descriptor.h"

#include <sys/mman.h>
#include <unistd.h>

#include "contain.h"

int descriptor_of(const void *bytes, size_t size)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size ||
        lseek(fd, 0, SEEK_SET) != 0)
        fault("no file in memory");
    return fd;
}
