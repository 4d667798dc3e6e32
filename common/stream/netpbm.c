/* Netpbm rasters from and to files, raw bitmaps and colours through libnetpbm. Headers are in
 * header.c, PNG is in png.c.
 *
 * libnetpbm reports an error by a message and a jump. Its message function ends the program here,
 * which needs no jump and, unlike the library's one jump buffer, is right in every thread. */
#include <endian.h>
#include <errno.h>
#include <netpbm/pam.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/wide.h"
#include "stream/header.h"
#include "stream/image.h"
#include "stream/png.h"

/* What the thread is reading, for messages. */
static _Thread_local const char *reading = "image";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void on_error(const char *message)
{
    ir_die("%s: %s", reading, message);
}

static void set_message_function(void)
{
    pm_setusererrormsgfn(on_error);
}

static void read_bytes(FILE *file, void *to, size_t bytes)
{
    size_t got = fread(to, 1, bytes, file);
    if (got == bytes)
        return;
    if (ferror(file))
        ir_die_errno("%s", reading);
    ir_die("%s: truncated: %zu of %zu bytes of the raster are there", reading, got, bytes);
}

IR_WIDE static uint16_t largest_of(const uint16_t *pixel, size_t pixels)
{
    uint16_t largest = 0;
#pragma omp simd reduction(max : largest)
    for (size_t i = 0; i < pixels; i++)
        largest = pixel[i] > largest ? pixel[i] : largest;
    return largest;
}

static void check_samples(const ir_image *im, size_t pixels)
{
    if (im->maxval == UINT16_MAX)
        return;
    uint16_t largest = largest_of(im->pixel, pixels);
    if (largest > im->maxval)
        ir_die("%s: a sample is %u, above the maxval %d", reading, largest, im->maxval);
}

/* Bytes as samples. to and from may lie in one array, the bytes in its upper half: pixel i covers
 * bytes 2 i and 2 i + 1, never beyond byte pixels + i. In the compiler's vectors, of which each is
 * read before it is written. */
IR_WIDE static void widen(uint16_t *to, const unsigned char *from, size_t pixels)
{
    enum { STEP = 16 };
    typedef unsigned char bytes __attribute__((vector_size(STEP)));
    typedef uint16_t samples __attribute__((vector_size(STEP * sizeof(uint16_t))));
    size_t i = 0;
    for (; i + STEP <= pixels; i += STEP) {
        bytes some;
        memcpy(&some, from + i, sizeof some);
        samples wide = __builtin_convertvector(some, samples);
        memcpy(to + i, &wide, sizeof wide);
    }
    for (; i < pixels; i++)
        to[i] = from[i];
}

/* Samples as bytes. Goes by blocks of a fixed length, since the compiler makes vector code of
 * these. */
static void narrow(unsigned char *restrict to, const uint16_t *restrict from, size_t pixels)
{
    enum { STEP = 64 };
    size_t i = 0;
    for (; i + STEP <= pixels; i += STEP)
        for (int k = 0; k < STEP; k++)
            to[i + k] = (unsigned char)from[i + k];
    for (; i < pixels; i++)
        to[i] = (unsigned char)from[i];
}

/* Most significant byte first <-> as this machine has it. */
IR_WIDE static void swap_bytes(const uint16_t *from, uint16_t *to, size_t pixels)
{
#pragma omp simd
    for (size_t i = 0; i < pixels; i++)
        to[i] = be16toh(from[i]);
}

/* A raw raster of one plane: one fread(), widened or byte-swapped in place. */
static void read_raw(FILE *file, ir_image *im)
{
    size_t pixels = (size_t)im->width * (size_t)im->height;
    if (im->maxval > 255) {
        read_bytes(file, im->pixel, 2 * pixels);
        swap_bytes(im->pixel, im->pixel, pixels);
    } else {
        unsigned char *byte = (unsigned char *)im->pixel + pixels;
        read_bytes(file, byte, pixels);
        widen(im->pixel, byte, pixels);
    }
    if (im->maxval != 255) /* of which a byte holds no more */
        check_samples(im, pixels);
}

/* What libnetpbm would have made of the header. */
static struct pam pam_of(FILE *file, const ir_header *h)
{
    return (struct pam){.size = sizeof(struct pam),
                        .len = sizeof(struct pam),
                        .file = file,
                        .format = 'P' * 256 + '0' + h->kind,
                        .height = h->height,
                        .width = h->width,
                        .depth = (unsigned int)h->depth,
                        .maxval = (sample)h->maxval,
                        .bytes_per_sample = h->maxval > 255 ? 2 : 1};
}

static uint16_t grey_of(const ir_header *h, const sample *s)
{
    return (uint16_t)(h->colours == 1 ? s[0] : ir_luma(s[0], s[1], s[2]));
}

/* A plain raster, number by number. */
static void read_plain(FILE *file, const ir_header *h, ir_image *im)
{
    const size_t pixels = (size_t)im->width * (size_t)im->height;
    for (size_t i = 0; i < pixels; i++) {
        sample s[3];
        for (int k = 0; k < h->depth; k++)
            s[k] = (sample)ir_header_sample(file, reading, h);
        im->pixel[i] = grey_of(h, s);
    }
}

/* Any other raw raster, row by row. */
static void read_tuples(FILE *file, const ir_header *h, ir_image *im)
{
    const struct pam pam = pam_of(file, h);
    tuple *row = pnm_allocpamrow(&pam);
    for (int y = 0; y < h->height; y++) {
        uint16_t *to = im->pixel + (size_t)y * (size_t)im->width;
        pnm_readpamrow(&pam, row);
        for (int x = 0; x < h->width; x++)
            to[x] = grey_of(h, row[x]);
    }
    pnm_freepamrow(row);
    check_samples(im, (size_t)im->width * (size_t)im->height);
}

bool ir_image_read(FILE *file, const char *what, ir_image *im)
{
    ir_header h;
    if (!ir_header_read(file, what, &h))
        return false;
    if (h.kind == IR_HEADER_PNG) {
        ir_png_read(file, what, im);
        return true;
    }
    ir_image_resize(im, h.width, h.height);
    im->maxval = h.maxval;
    pthread_once(&once, set_message_function);
    reading = what;
    if (h.kind <= 3)
        read_plain(file, &h, im);
    else if (h.depth == 1 && (h.kind == 5 || h.kind == 7))
        read_raw(file, im);
    else
        read_tuples(file, &h, im);
    return true;
}

void ir_image_write(FILE *file, const char *what, const ir_image *im)
{
    enum { CHUNK = 1 << 15 };
    union {
        unsigned char byte[CHUNK];
        uint16_t word[CHUNK];
    } buffer;
    size_t pixels = (size_t)im->width * (size_t)im->height, bytes = im->maxval > 255 ? 2 : 1;
    if (fprintf(file, "P5\n%d %d\n%d\n", im->width, im->height, im->maxval) < 0)
        ir_die_errno("%s", what);
    for (size_t i = 0; i < pixels; i += CHUNK) {
        size_t n = pixels - i < CHUNK ? pixels - i : CHUNK;
        if (bytes == 1)
            narrow(buffer.byte, im->pixel + i, n);
        else
            swap_bytes(im->pixel + i, buffer.word, n);
        if (fwrite(&buffer, bytes, n, file) != n)
            ir_die_errno("%s", what);
    }
}
