/* Signatures of file formats: see format.h. */
#include "stream/format.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define IMAGES "images are Netpbm, PNG, TIFF, JPEG, ...: ir-corrupt --formats"
#define FILM   "ffmpeg -i FILE -f image2pipe -c:v pgm - makes images of it"

/* Netpbm first; of the others, what people have comes first. */
static const ir_format_info formats[] = {
    {"Netpbm", " pgm pbm ppm pnm pam ", IR_STREAMED, NULL, NULL, NULL},
    {"PNG", " png apng ", IR_STREAMED, NULL, NULL, NULL},
    {"TIFF", " tif tiff ", IR_TIFF_PAGES, NULL, NULL, "ir-corrupt -n none FILE makes PGM of it"},
    {"JPEG", " jpg jpeg jpe ", IR_CONVERTED, "jpegtopnm", NULL, NULL},
    {"BMP", " bmp dib ", IR_CONVERTED, "bmptopnm", NULL, NULL},
    {"Sun raster", " ras sun rast ", IR_CONVERTED, "rasttopnm", NULL, NULL},
    {"FITS", " fits fit fts ", IR_CONVERTED, "fitstopnm", NULL, NULL},
    {"GIF", " gif ", IR_CONVERTED, "giftopnm", "-image=all", NULL},
    {"JPEG 2000", " jp2 j2k jpc ", IR_CONVERTED, "jpeg2ktopam", NULL, NULL},
    {"SGI", " sgi rgb bw ", IR_CONVERTED, "sgitopnm", NULL, NULL},
    {"PCX", " pcx ", IR_CONVERTED, "pcxtoppm", NULL, NULL},
    {"QOI", " qoi ", IR_CONVERTED, "qoitopam", NULL, NULL},
    {"PFM", "", IR_NOT_READ, NULL, NULL, "floats: pfmtopam -maxval 65535 makes integers of 0 to 1"},
    {"NumPy", "", IR_NOT_READ, NULL, NULL, IMAGES},
    {"HDF5", "", IR_NOT_READ, NULL, NULL, IMAGES},
    {"MATLAB", "", IR_NOT_READ, NULL, NULL, IMAGES},
    {"WebP", "", IR_NOT_READ, NULL, NULL, "dwebp -ppm converts it"},
    {"MP4", "", IR_NOT_READ, NULL, NULL, FILM},
    {"AVI", "", IR_NOT_READ, NULL, NULL, FILM},
    {"Matroska", "", IR_NOT_READ, NULL, NULL, FILM},
    {"gzip", "", IR_NOT_READ, NULL, NULL, "gunzip unpacks it"},
    {"ZIP", "", IR_NOT_READ, NULL, NULL, "unzip unpacks it"},
    {"checkpoint", "", IR_NOT_READ, NULL, NULL, "-c reads it"},
};

enum { FORMATS = sizeof formats / sizeof *formats };

/* A byte of a signature that may be anything. */
#define ANY "\xee"

static const struct {
    const char *bytes;
    size_t length;
    const char *format;
} signatures[] = {
#define BYTES(s) s, sizeof(s) - 1
    {BYTES("P1"), "Netpbm"},
    {BYTES("P2"), "Netpbm"},
    {BYTES("P3"), "Netpbm"},
    {BYTES("P4"), "Netpbm"},
    {BYTES("P5"), "Netpbm"},
    {BYTES("P6"), "Netpbm"},
    {BYTES("P7"), "Netpbm"},
    {BYTES("\x89PNG\r\n\x1a\n"), "PNG"},
    {BYTES("II*\0"), "TIFF"},
    {BYTES("MM\0*"), "TIFF"},
    {BYTES("II+\0"), "TIFF"}, /* BigTIFF */
    {BYTES("MM\0+"), "TIFF"},
    {BYTES("\xff\xd8\xff"), "JPEG"},
    {BYTES("BM" ANY ANY ANY ANY "\0\0\0\0"), "BMP"},
    {BYTES("\x59\xa6\x6a\x95"), "Sun raster"},
    {BYTES("SIMPLE  ="), "FITS"},
    {BYTES("GIF8"), "GIF"},
    {BYTES("\0\0\0\x0cjP"), "JPEG 2000"},
    {BYTES("\xff\x4f\xff\x51"), "JPEG 2000"},
    {BYTES("\x01\xda\0"), "SGI"},
    {BYTES("\x01\xda\x01"), "SGI"},
    {BYTES("\x0a\x05\x01"), "PCX"},
    {BYTES("qoif"), "QOI"},
    {BYTES("PF\n"), "PFM"},
    {BYTES("Pf\n"), "PFM"},
    {BYTES("\x93NUMPY"), "NumPy"},
    {BYTES("\x89HDF\r\n\x1a\n"), "HDF5"},
    {BYTES("MATLAB"), "MATLAB"},
    {BYTES("RIFF" ANY ANY ANY ANY "WEBP"), "WebP"},
    {BYTES("RIFF" ANY ANY ANY ANY "AVI "), "AVI"},
    {BYTES("\0\0\0" ANY "ftyp"), "MP4"},
    {BYTES("\x1a\x45\xdf\xa3"), "Matroska"},
    {BYTES("\x1f\x8b"), "gzip"},
    {BYTES("PK\x03\x04"), "ZIP"},
    {BYTES("meta\0"), "checkpoint"},
#undef BYTES
};

enum { SIGNATURES = sizeof signatures / sizeof *signatures };

static bool begins_so(const unsigned char *byte, const char *signature, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (signature[i] != *ANY && byte[i] != (unsigned char)signature[i])
            return false;
    return true;
}

static const ir_format_info *named(const char *name)
{
    int i = 0;
    while (strcmp(formats[i].name, name) != 0)
        i++;
    return &formats[i];
}

const ir_format_info *ir_format_of(const unsigned char *byte, size_t count)
{
    for (int i = 0; i < SIGNATURES; i++)
        if (count >= signatures[i].length &&
            begins_so(byte, signatures[i].bytes, signatures[i].length))
            return named(signatures[i].format);
    return NULL;
}

const ir_format_info *ir_format_netpbm(void)
{
    return &formats[0];
}

bool ir_format_may_follow(const unsigned char *byte, size_t count)
{
    for (int i = 0; i < SIGNATURES; i++)
        if (count < signatures[i].length && begins_so(byte, signatures[i].bytes, count))
            return true;
    return false;
}

char *ir_format_remedy(const ir_format_info *format)
{
    if (format->program)
        return ir_format("%s converts it", format->program);
    return ir_strdup(format->remedy ? format->remedy : IMAGES);
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

/* ---- names ----------------------------------------------------------------------------------- */

/* Whether the path ends in one of the format's extensions. */
static bool is_called_so(const char *path, const ir_format_info *format)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    const size_t length = dot ? strlen(dot + 1) : 0;
    const char *word = format->extensions;
    while (length > 0 && (word = strchr(word, ' ')) && *++word != '\0')
        if (strncasecmp(word, dot + 1, length) == 0 && word[length] == ' ')
            return true;
    return false;
}

bool ir_format_named_image(const char *path)
{
    for (int i = 0; i < FORMATS; i++)
        if (is_called_so(path, &formats[i]))
            return true;
    return false;
}

bool ir_format_named_netpbm(const char *path)
{
    return is_called_so(path, ir_format_netpbm());
}

void ir_format_list(FILE *file)
{
    fputs("# format\textensions\tread by\n", file);
    for (int i = 0; i < FORMATS; i++) {
        const ir_format_info *f = &formats[i];
        if (f->reader == IR_NOT_READ)
            continue;
        fprintf(file, "%s\t%.*s\t", f->name, (int)strlen(f->extensions) - 2, f->extensions + 1);
        if (f->program)
            fprintf(file, "%s (%s)\n", f->program, IR_CONVERTERS);
        else
            fputs("irtools\n", file);
    }
}
