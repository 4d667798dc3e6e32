/* Signatures of file formats: see format.h. */
#include "stream/format.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *bytes;
    size_t length;
    ir_format_info info;
} signature;

#define BYTES(s) s, sizeof(s) - 1

static const signature signatures[] = {
    {BYTES("\x89PNG\r\n\x1a\n"), {"PNG", "pngtopnm converts it"}},
    {BYTES("\xff\xd8\xff"), {"JPEG", "jpegtopnm converts it"}},
    {BYTES("BM"), {"BMP", "bmptopnm converts it"}},
    {BYTES("II*\0"), {"TIFF", "tifftopnm converts it"}},
    {BYTES("MM\0*"), {"TIFF", "tifftopnm converts it"}},
    {BYTES("GIF8"), {"GIF", "giftopnm converts it"}},
    {BYTES("SIMPLE  ="), {"FITS", "fitstopnm converts it"}},
    {BYTES("\0\0\0\x0cjP"), {"JPEG 2000", "jpeg2ktopam converts it"}},
    {BYTES("PF"), {"PFM", "pfmtopam converts it"}},
    {BYTES("Pf"), {"PFM", "pfmtopam converts it"}},
    {BYTES("\x93NUMPY"), {"NumPy", "images are Netpbm or PNG"}},
    {BYTES("\x89HDF\r\n\x1a\n"), {"HDF5", "images are Netpbm or PNG"}},
    {BYTES("MATLAB"), {"MATLAB", "images are Netpbm or PNG"}},
    {BYTES("\x1f\x8b"), {"gzip", "gunzip unpacks it"}},
    {BYTES("PK\x03\x04"), {"ZIP", "unzip unpacks it"}},
    {BYTES("meta\0"), {"checkpoint", "-c reads it"}},
};

enum { SIGNATURES = sizeof signatures / sizeof *signatures };

const ir_format_info *ir_format_of(const unsigned char *byte, size_t count)
{
    for (int i = 0; i < SIGNATURES; i++) {
        const signature *s = &signatures[i];
        if (count >= s->length && memcmp(byte, s->bytes, s->length) == 0)
            return &s->info;
    }
    return NULL;
}

bool ir_format_may_follow(const unsigned char *byte, size_t count)
{
    for (int i = 0; i < SIGNATURES; i++)
        if (count < signatures[i].length && memcmp(byte, signatures[i].bytes, count) == 0)
            return true;
    return false;
}

const ir_format_info *ir_format_of_file(const char *path)
{
    unsigned char byte[IR_FORMAT_BYTES];
    struct stat status;

    /* a FIFO must not be waited for */
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t got = read(fd, byte, sizeof byte);
    close(fd);
    return got > 0 ? ir_format_of(byte, (size_t)got) : NULL;
}

bool ir_format_is_png(const unsigned char *byte, size_t count)
{
    return ir_format_of(byte, count) == &signatures[0].info;
}

static bool has_extension(const char *path, const char *const *extension, int count)
{
    const char *dot = strrchr(path, '.');

    for (int i = 0; dot && i < count; i++)
        if (strcasecmp(dot, extension[i]) == 0)
            return true;
    return false;
}

bool ir_format_named_netpbm(const char *path)
{
    static const char *const netpbm[] = {".pbm", ".pgm", ".ppm", ".pnm", ".pam"};

    return has_extension(path, netpbm, 5);
}

bool ir_format_named_png(const char *path)
{
    static const char *const png[] = {".png"};

    return has_extension(path, png, 1);
}
