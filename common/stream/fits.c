/* Headers of FITS files, cards of 80 bytes in blocks of 2880: see fits.h. The standard:
 * https://fits.gsfc.nasa.gov/fits_standard.html, section 4. */
#include "stream/fits.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

enum { CARD = 80, MOST_CARDS = 36 * 100 };

/* What counts of a header. */
typedef struct {
    double bits, axes, planes, zero, scale;
} header;

/* The number behind "KEYWORD = ", if the card is of that keyword. */
static void take(const char *card, const char *keyword, double *value)
{
    const size_t n = strlen(keyword);
    if (strncmp(card, keyword, n) == 0 && strspn(card + n, " ") == 8 - n && card[8] == '=')
        *value = strtod(card + 9, NULL);
}

static header read_header(int fd, const char *path)
{
    header h = {.bits = 0, .axes = 0, .planes = 1, .zero = 0, .scale = 1};
    const off_t start = lseek(fd, 0, SEEK_CUR);
    char card[CARD + 1] = "";
    for (int i = 0; i < MOST_CARDS; i++) {
        if (pread(fd, card, CARD, start + (off_t)i * CARD) != CARD)
            break;
        if (strncmp(card, "END ", 4) == 0)
            return h;
        take(card, "BITPIX", &h.bits);
        take(card, "NAXIS", &h.axes);
        take(card, "NAXIS3", &h.planes);
        take(card, "BZERO", &h.zero);
        take(card, "BSCALE", &h.scale);
    }
    ir_die("%s: the header of this FITS file has no end", path);
}

ir_fits_range ir_fits_look(int fd, const char *path)
{
    const header h = read_header(fd, path);
    ir_fits_range range = {.low = "-min=0"};
    if (h.bits < 0)
        ir_die("%s: a FITS file of floating-point samples, which is not read (8 or 16 bits are)",
               path);
    if (h.bits != 8 && h.bits != 16)
        ir_die("%s: a FITS file of %g bits a sample, which is not read (8 or 16 are)", path,
               h.bits);
    if (h.axes != 2 && !(h.axes == 3 && h.planes == 1))
        ir_die("%s: a FITS file of more than one plane (fitstopnm -image=N takes one out)", path);
    if (h.scale != 1 || (h.zero != 0 && !(h.bits == 16 && h.zero == 32768)))
        ir_die("%s: a FITS file whose samples stand for others (BZERO, BSCALE), which is not read",
               path);
    const int largest = h.bits == 8 ? 255 : h.zero == 0 ? 32767 : 65535;
    snprintf(range.high, sizeof range.high, "-max=%d", largest);
    return range;
}
