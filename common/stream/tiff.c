/* Pages of TIFF files: see tiff.h.
 *
 * A page's rows or tiles are added up, weighted by colour, in one array: so it is all the same
 * whether a pixel's colours lie together or in planes of their own. Rare kinds of colour (YCbCr,
 * CMYK, Lab) come through libtiff's own conversion to RGB. */
#include "stream/tiff.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/base.h"

enum { LONGEST_MESSAGE = 200 };

struct ir_tiff {
    TIFF *tif;
    const char *what; /* the page at hand, for messages */
    long pages;       /* read or passed over */
    char message[LONGEST_MESSAGE];
};

typedef enum { GREY, PALETTE, RGB, OTHER } page_kind;

typedef struct {
    page_kind kind;
    uint32_t width, height;
    uint16_t bits, samples; /* samples: of a pixel, alpha too */
    uint16_t photometric, orientation;
    bool planes; /* colours lie in planes of their own */
} page;

/* Keeps the first of libtiff's messages: the others follow from it. */
static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list list)
{
    ir_tiff *t = user;
    (void)tif;
    (void)module;
    if (t->message[0] == '\0')
        vsnprintf(t->message, sizeof t->message, format, list);
    return 1;
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list list)
{
    (void)tif;
    (void)user;
    (void)module;
    (void)format;
    (void)list;
    return 1;
}

_Noreturn static void die(ir_tiff *t)
{
    if (t->tif)
        TIFFClose(t->tif);
    ir_die("%s: this TIFF cannot be read: %s", t->what,
           t->message[0] != '\0' ? t->message : "no reason is given");
}

ir_tiff *ir_tiff_open(FILE *file, const char *path)
{
    enum { LARGEST = 1 << 30 }; /* bytes of one piece of memory */
    ir_tiff *t = ir_calloc(1, sizeof *t);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    const int fd = dup(fileno(file));

    if (fd < 0 || !options)
        ir_die_errno("%s", path);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, t);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, t);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, LARGEST);
    t->what = path;
    t->tif = TIFFFdOpenExt(fd, path, "rm", options);
    TIFFOpenOptionsFree(options);
    if (!t->tif)
        die(t);
    fclose(file);
    return t;
}

void ir_tiff_close(ir_tiff *t)
{
    TIFFClose(t->tif);
    free(t);
}

/* ---- what a page is -------------------------------------------------------------------------- */

_Noreturn static void refuse(ir_tiff *t, const char *samples)
{
    TIFFClose(t->tif);
    ir_die("%s: a TIFF of %s, which is not read (8 or 16 bits a sample, unsigned, are)", t->what,
           samples);
}

static uint16_t number(const ir_tiff *t, uint32_t tag)
{
    uint16_t value = 0;
    TIFFGetFieldDefaulted(t->tif, tag, &value);
    return value;
}

static void check_samples(ir_tiff *t, const page *p)
{
    const uint16_t format = number(t, TIFFTAG_SAMPLEFORMAT);
    if (format == SAMPLEFORMAT_IEEEFP)
        refuse(t, "floating-point samples");
    if (format == SAMPLEFORMAT_INT)
        refuse(t, "signed samples");
    if (format == SAMPLEFORMAT_COMPLEXINT || format == SAMPLEFORMAT_COMPLEXIEEEFP)
        refuse(t, "complex samples");
    if (p->bits > 16)
        refuse(t, p->bits == 32 ? "32 bits a sample" : "more than 16 bits a sample");
    if (p->bits < 1 || p->samples < 1)
        refuse(t, "no samples");
}

static page_kind kind_of(const page *p)
{
    switch (p->photometric) {
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_MINISWHITE:
        return p->samples <= 2 ? GREY : OTHER;
    case PHOTOMETRIC_RGB:
        return p->samples == 3 || p->samples == 4 ? RGB : OTHER;
    case PHOTOMETRIC_PALETTE:
        return p->bits <= 8 && p->samples == 1 ? PALETTE : OTHER;
    default:
        return OTHER;
    }
}

static page describe(ir_tiff *t)
{
    page p = {.bits = number(t, TIFFTAG_BITSPERSAMPLE),
              .samples = number(t, TIFFTAG_SAMPLESPERPIXEL),
              .orientation = number(t, TIFFTAG_ORIENTATION),
              .planes = number(t, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE};
    TIFFGetField(t->tif, TIFFTAG_IMAGEWIDTH, &p.width);
    TIFFGetField(t->tif, TIFFTAG_IMAGELENGTH, &p.height);
    TIFFGetField(t->tif, TIFFTAG_PHOTOMETRIC, &p.photometric);
    check_samples(t, &p);
    ir_image_check_size(t->what, p.width, p.height);
    p.kind = kind_of(&p);
    return p;
}

/* ---- pixels ---------------------------------------------------------------------------------- */

/* A weighted sum of each pixel's samples, and where the next ones come from. */
typedef struct {
    const page *page;
    uint32_t *sum;         /* height x width, in thousandths */
    size_t bytes;          /* of a row of the buffer */
    void *buffer;          /* a row or a tile */
    uint32_t across, down; /* its pixels */
} pixels;

/* Sample i of a row; those of other than 8 and 16 bits lie bit by bit, the highest first. */
static uint32_t sample_at(const unsigned char *row, size_t i, int bits)
{
    uint32_t value = 0;
    if (bits == 8)
        return row[i];
    if (bits == 16)
        return ((const uint16_t *)(const void *)row)[i];
    for (size_t bit = i * (size_t)bits; bit < (i + 1) * (size_t)bits; bit++)
        value = value << 1 | (row[bit / 8] >> (7 - bit % 8) & 1);
    return value;
}

/* Adds the buffer, which lies at (x, y) of that plane, as far as it lies in the page. */
static void add(pixels *px, uint32_t left, uint32_t top, int plane)
{
    static const uint32_t weight[] = {299, 587, 114};
    const page *p = px->page;
    const int colours = p->kind == RGB ? 3 : 1, first = p->planes ? plane : 0;
    const int last = p->planes ? plane : colours - 1;
    const size_t stride = p->planes ? 1 : p->samples;
    for (uint32_t y = 0; y < px->down && top + y < p->height; y++) {
        const unsigned char *row = (unsigned char *)px->buffer + y * px->bytes;
        uint32_t *sum = px->sum + (size_t)(top + y) * p->width + left;
        for (uint32_t x = 0; x < px->across && left + x < p->width; x++)
            for (int c = first; c <= last; c++)
                sum[x] += (colours == 1 ? 1000 : weight[c]) *
                          sample_at(row, x * stride + (p->planes ? 0 : (size_t)c), p->bits);
    }
}

/* Allocates memory for a row or a tile with at least this many bits per row. */
static void make_buffer(ir_tiff *t, pixels *px, int64_t row, int64_t all)
{
    const size_t samples = (size_t)px->across * (px->page->planes ? 1 : px->page->samples);
    if (row <= 0 || all < row * px->down || (size_t)row < (samples * px->page->bits + 7) / 8)
        die(t);
    px->bytes = (size_t)row;
    px->buffer = ir_calloc(1, (size_t)all);
}

static void add_rows(ir_tiff *t, pixels *px, int planes)
{
    px->across = px->page->width;
    px->down = 1;
    make_buffer(t, px, TIFFScanlineSize(t->tif), TIFFScanlineSize(t->tif));
    for (int plane = 0; plane < planes; plane++) {
        for (uint32_t y = 0; y < px->page->height; y++) {
            if (TIFFReadScanline(t->tif, px->buffer, y, (uint16_t)plane) < 0)
                die(t);
            add(px, 0, y, plane);
        }
    }
}

static void add_tiles(ir_tiff *t, pixels *px, int planes)
{
    TIFFGetField(t->tif, TIFFTAG_TILEWIDTH, &px->across);
    TIFFGetField(t->tif, TIFFTAG_TILELENGTH, &px->down);
    ir_image_check_size(t->what, px->across, px->down);
    make_buffer(t, px, TIFFTileRowSize(t->tif), TIFFTileSize(t->tif));
    for (int plane = 0; plane < planes; plane++) {
        for (uint32_t y = 0; y < px->page->height; y += px->down) {
            for (uint32_t x = 0; x < px->page->width; x += px->across) {
                if (TIFFReadTile(t->tif, px->buffer, x, y, 0, (uint16_t)plane) < 0)
                    die(t);
                add(px, x, y, plane);
            }
        }
    }
}

/* The sample of the image for a sample of the page or for a palette index. */
static uint16_t *make_table(ir_tiff *t, const page *p)
{
    const uint32_t count = 1U << p->bits;
    uint16_t *table = ir_calloc(count, sizeof *table), *red, *green, *blue;
    if (p->kind == PALETTE && !TIFFGetField(t->tif, TIFFTAG_COLORMAP, &red, &green, &blue))
        die(t);
    for (uint32_t i = 0; i < count; i++) {
        if (p->kind == PALETTE)
            table[i] = ir_luma(red[i] >> 8, green[i] >> 8, blue[i] >> 8);
        else
            table[i] = (uint16_t)(p->photometric == PHOTOMETRIC_MINISWHITE ? count - 1 - i : i);
    }
    return table;
}

/* Luma of each pixel, in the order in which the file has them. */
static void read_pixels(ir_tiff *t, const page *p, uint32_t *luma)
{
    pixels px = {.page = p, .sum = luma};
    const int planes = p->planes && p->kind == RGB ? 3 : 1;
    uint16_t *table = make_table(t, p);
    if (TIFFIsTiled(t->tif))
        add_tiles(t, &px, planes);
    else
        add_rows(t, &px, planes);
    for (size_t i = 0; i < (size_t)p->width * p->height; i++)
        luma[i] = table[(luma[i] + 500) / 1000];
    free(table);
    free(px.buffer);
}

/* The same by libtiff's way to RGB of 8 bits, which turns the page upright itself. */
static void read_other(ir_tiff *t, page *p, uint32_t *luma)
{
    if (p->bits != 8)
        refuse(t, "a rare kind of colour, not of 8 bits");
    if (!TIFFReadRGBAImageOriented(t->tif, p->width, p->height, luma, ORIENTATION_TOPLEFT, 1))
        die(t);
    for (size_t i = 0; i < (size_t)p->width * p->height; i++)
        luma[i] = ir_luma(TIFFGetR(luma[i]), TIFFGetG(luma[i]), TIFFGetB(luma[i]));
    p->orientation = ORIENTATION_TOPLEFT;
}

/* Puts the page upright: a row of the file is a column where the orientation is 5 or more. */
static void turn(const page *p, const uint32_t *luma, ir_image *im)
{
    const int o = p->orientation;
    const bool turned = o >= ORIENTATION_LEFTTOP && o <= ORIENTATION_LEFTBOT;
    const bool from_right = o == ORIENTATION_TOPRIGHT || o == ORIENTATION_BOTRIGHT ||
                            o == ORIENTATION_RIGHTTOP || o == ORIENTATION_RIGHTBOT;
    const bool from_below = o == ORIENTATION_BOTRIGHT || o == ORIENTATION_BOTLEFT ||
                            o == ORIENTATION_RIGHTBOT || o == ORIENTATION_LEFTBOT;
    ir_image_resize(im, (int)(turned ? p->height : p->width), (int)(turned ? p->width : p->height));
    for (uint32_t r = 0; r < p->height; r++) {
        for (uint32_t c = 0; c < p->width; c++) {
            const int x = (int)(turned ? r : c), y = (int)(turned ? c : r);
            const int column = from_right ? im->width - 1 - x : x;
            const int row = from_below ? im->height - 1 - y : y;
            im->pixel[(size_t)row * (size_t)im->width + (size_t)column] =
                (uint16_t)luma[(size_t)r * p->width + c];
        }
    }
}

static void read_page(ir_tiff *t, ir_image *im)
{
    page p = describe(t);
    uint32_t *luma = ir_calloc((size_t)p.width * p.height, sizeof *luma);
    if (p.kind == OTHER)
        read_other(t, &p, luma);
    else
        read_pixels(t, &p, luma);
    im->maxval = p.kind == GREY || p.kind == RGB ? (1 << p.bits) - 1 : 255;
    turn(&p, luma, im);
    free(luma);
}

static bool is_thumbnail(const ir_tiff *t)
{
    uint32_t type = 0;
    TIFFGetField(t->tif, TIFFTAG_SUBFILETYPE, &type);
    return type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK);
}

bool ir_tiff_next(ir_tiff *t, const char *what, ir_image *im)
{
    t->what = what;
    do {
        if (t->pages++ > 0 && !TIFFReadDirectory(t->tif)) {
            if (t->message[0] != '\0')
                die(t);
            return false;
        }
    } while (is_thumbnail(t));
    read_page(t, im);
    return true;
}
