/* PNG images through libpng: see png.h.
 *
 * libpng reports an error by a function that must not return: it ends the program here. */
#include "stream/png.h"

#include <endian.h>
#include <png.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/wide.h"

/* An image on its way in. */
typedef struct {
    FILE *file;
    const char *what;
    png_struct *png;
    png_info *info;
    bool animated;
} reader;

static void *allocate(png_struct *png, size_t bytes)
{
    (void)png;
    return ir_malloc(bytes);
}

static void give_back(png_struct *png, void *memory)
{
    (void)png;
    free(memory);
}

_Noreturn static void die_of_version(const char *what)
{
    ir_die("%s: libpng %s is not the one that this was built for", what, png_get_libpng_ver(NULL));
}

static void on_warning(png_struct *png, const char *message)
{
    (void)png;
    (void)message;
}

/* ---- reading --------------------------------------------------------------------------------- */

_Noreturn static void on_read_error(png_struct *png, const char *message)
{
    const reader *r = png_get_error_ptr(png);
    ir_die("%s: this PNG cannot be read: %s", r->what, message);
}

static void read_bytes(png_struct *png, unsigned char *to, size_t bytes)
{
    const reader *r = png_get_io_ptr(png);
    if (fread(to, 1, bytes, r->file) == bytes)
        return;
    if (ferror(r->file))
        ir_die_errno("%s", r->what);
    ir_die("%s: this PNG is truncated", r->what);
}

/* Gets the chunks that libpng does not know: acTL is in an animated PNG, before the image. */
static int on_chunk(png_struct *png, png_unknown_chunk *chunk)
{
    reader *r = png_get_user_chunk_ptr(png);
    if (memcmp(chunk->name, "acTL", 4) == 0)
        r->animated = true;
    return 1;
}

static void say_animated(const reader *r)
{
    static atomic_bool said;
    if (r->animated && !atomic_exchange(&said, true))
        ir_warn("%s: an animated PNG, of which the still picture alone is read, as of all others",
                r->what);
}

static void start(reader *r)
{
    static const png_byte chunks[] = "acTL";
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_read_error, on_warning, NULL,
                                      allocate, give_back);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info)
        die_of_version(r->what);
    png_set_read_fn(r->png, r, read_bytes);
    png_set_sig_bytes(r->png, 8);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours are below */
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_ALWAYS, chunks, 1);
    png_set_read_user_chunk_fn(r->png, r, on_chunk);
    png_read_info(r->png, r->info);
}

/* How many bits of a sample count, where sBIT gives one number for all colours; else all. */
static int significant_bits(const reader *r, int depth)
{
    const bool colour = png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR;
    png_color_8 *bits;
    if (!png_get_sBIT(r->png, r->info, &bits))
        return depth;
    if (colour && (bits->red != bits->green || bits->red != bits->blue))
        return depth;
    const int n = colour ? bits->red : bits->gray;
    if (n < 1 || n >= depth)
        return depth;
    png_set_shift(r->png, bits);
    return n;
}

/* Has libpng make bytes, or samples of 16 bits, of 1 or 3 channels; returns the maxval. */
static int transform(const reader *r)
{
    const int type = png_get_color_type(r->png, r->info);
    const bool palette = type == PNG_COLOR_TYPE_PALETTE;
    const int depth = palette ? 8 : png_get_bit_depth(r->png, r->info);
    const int maxval = (1 << significant_bits(r, depth)) - 1;
    png_set_packing(r->png);
    if (palette)
        png_set_palette_to_rgb(r->png);
    png_set_strip_alpha(r->png);
    if (depth == 16 && __BYTE_ORDER == __LITTLE_ENDIAN)
        png_set_swap(r->png);
    return maxval;
}

IR_WIDE static void take_grey(uint16_t *to, const unsigned char *row, int width)
{
    for (int x = 0; x < width; x++)
        to[x] = row[x];
}

IR_WIDE static void take_colour(uint16_t *to, const unsigned char *row, int width)
{
    for (int x = 0; x < width; x++)
        to[x] = ir_luma(row[3 * x], row[3 * x + 1], row[3 * x + 2]);
}

/* A row of the PNG; wide: of two bytes a sample. */
static void take_row(uint16_t *to, const unsigned char *row, int width, int channels, bool wide)
{
    const uint16_t *word = (const uint16_t *)(const void *)row;
    if (!wide && channels == 1)
        take_grey(to, row, width);
    else if (!wide)
        take_colour(to, row, width);
    else if (channels == 1)
        memcpy(to, word, (size_t)width * sizeof *to);
    else
        for (int x = 0; x < width; x++)
            to[x] = ir_luma(word[3 * x], word[3 * x + 1], word[3 * x + 2]);
}

/* The pixels: row by row, or, where they are interlaced, all at once. */
static void read_rows(const reader *r, ir_image *im)
{
    const bool interlaced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    const bool wide = png_get_bit_depth(r->png, r->info) == 16;
    const int channels = png_get_channels(r->png, r->info);
    const size_t bytes = png_get_rowbytes(r->png, r->info);
    const size_t rows = interlaced ? (size_t)im->height : 1;
    unsigned char *pixels = ir_calloc(rows, bytes);
    if (interlaced) {
        unsigned char **row = ir_calloc(rows, sizeof *row);
        for (size_t y = 0; y < rows; y++)
            row[y] = pixels + y * bytes;
        png_read_image(r->png, row);
        free(row);
    }
    for (size_t y = 0; y < (size_t)im->height; y++) {
        if (!interlaced)
            png_read_row(r->png, pixels, NULL);
        take_row(im->pixel + y * (size_t)im->width, pixels + (interlaced ? y * bytes : 0),
                 im->width, channels, wide);
    }
    free(pixels);
}

void ir_png_read(FILE *file, const char *what, ir_image *im)
{
    reader r = {.file = file, .what = what};
    start(&r);
    ir_image_check_size(what, png_get_image_width(r.png, r.info),
                        png_get_image_height(r.png, r.info));
    say_animated(&r);
    im->maxval = transform(&r);
    png_set_interlace_handling(r.png);
    png_read_update_info(r.png, r.info);
    ir_image_resize(im, (int)png_get_image_width(r.png, r.info),
                    (int)png_get_image_height(r.png, r.info));
    read_rows(&r, im);
    png_read_end(r.png, NULL);
    png_destroy_read_struct(&r.png, &r.info, NULL);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* An image on its way out. */
typedef struct {
    FILE *file;
    const char *what;
    png_struct *png;
    png_info *info;
} writer;

_Noreturn static void on_write_error(png_struct *png, const char *message)
{
    const writer *w = png_get_error_ptr(png);
    ir_die("%s: this PNG cannot be written: %s", w->what, message);
}

static void write_bytes(png_struct *png, unsigned char *from, size_t bytes)
{
    const writer *w = png_get_io_ptr(png);
    if (fwrite(from, 1, bytes, w->file) != bytes)
        ir_die_errno("%s", w->what);
}

static void flush_nothing(png_struct *png)
{
    (void)png;
}

/* Up to the first row. Small differences to the pixel on the left compress well enough, and fast.
 */
static void start_writing(writer *w, int width, int height, int depth, int type)
{
    enum { COMPRESSION = 2 };

    w->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, w, on_write_error, on_warning, NULL,
                                       allocate, give_back);
    w->info = w->png ? png_create_info_struct(w->png) : NULL;
    if (!w->info)
        die_of_version(w->what);
    png_set_write_fn(w->png, w, write_bytes, flush_nothing);
    png_set_compression_level(w->png, COMPRESSION);
    png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_set_IHDR(w->png, w->info, (png_uint_32)width, (png_uint_32)height, depth, type,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
}

static void end_writing(writer *w)
{
    png_write_end(w->png, w->info);
    png_destroy_write_struct(&w->png, &w->info);
}

/* How samples lie in a PNG. */
typedef struct {
    int maxval, depth;
    int bits; /* of the depth's, those that count; 0: samples are scaled to all of them */
} layout;

static layout layout_of(int maxval)
{
    layout l = {.maxval = maxval, .bits = 1};
    while ((1 << l.bits) - 1 < maxval)
        l.bits++;
    l.depth = l.bits > 8 ? 16 : 8;
    if ((1 << l.bits) - 1 != maxval)
        l.bits = 0;
    else if (l.bits <= 4 && l.bits != 3)
        l.depth = l.bits;
    return l;
}

/* A sample as the PNG has it: in all of its bits, the highest ones again in those that are left. */
static unsigned int placed(const layout *l, unsigned int sample)
{
    const unsigned int full = (1U << l->depth) - 1;
    unsigned int value = 0;
    if (l->bits == 0)
        return (sample * full + (unsigned int)l->maxval / 2) / (unsigned int)l->maxval;
    if (l->bits == l->depth)
        return sample;
    for (int at = l->depth - l->bits; at > -l->bits; at -= l->bits)
        value |= at >= 0 ? sample << at : sample >> -at;
    return value;
}

static void make_row(unsigned char *row, const uint16_t *from, int width, const layout *l)
{
    for (int x = 0; x < width; x++) {
        const unsigned int value = placed(l, from[x]);
        if (l->depth == 16) {
            row[2 * x] = (unsigned char)(value >> 8);
            row[2 * x + 1] = (unsigned char)value;
        } else {
            row[x] = (unsigned char)value;
        }
    }
}

void ir_png_write(FILE *file, const char *what, const ir_image *im)
{
    const layout l = layout_of(im->maxval);
    const png_color_8 bits = {.gray = (png_byte)l.bits};
    unsigned char *row = ir_malloc(2 * (size_t)im->width);
    writer w = {.file = file, .what = what};
    start_writing(&w, im->width, im->height, l.depth, PNG_COLOR_TYPE_GRAY);
    if (l.bits > 0 && l.bits < l.depth)
        png_set_sBIT(w.png, w.info, &bits);
    png_write_info(w.png, w.info);
    png_set_packing(w.png);
    for (int y = 0; y < im->height; y++) {
        make_row(row, im->pixel + (size_t)y * (size_t)im->width, im->width, &l);
        png_write_row(w.png, row);
    }
    end_writing(&w);
    free(row);
}

void ir_png_write_rgb(FILE *file, const char *what, int width, int height, const unsigned char *rgb)
{
    writer w = {.file = file, .what = what};
    start_writing(&w, width, height, 8, PNG_COLOR_TYPE_RGB);
    png_write_info(w.png, w.info);
    for (int y = 0; y < height; y++)
        png_write_row(w.png, rgb + 3 * (size_t)y * (size_t)width);
    end_writing(&w);
}
