/* A file of TIFF pages. What libtiff keeps of a file that was refused is closed here, in the place
 * of the program's end. */
#include <stdio.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/base.h"
#include "contain.h"
#include "descriptor.h"
#include "pixels.h"
#include "stream/tiff.h"

enum { MOST_PAGES = 64 }; /* a page may be there as often as the file names it */

static TIFF *open_now; /* NULL: none */
static FILE *given;    /* NULL: closed by the reader */

TIFF *__real_TIFFFdOpenExt(int fd, const char *name, const char *mode, TIFFOpenOptions *options);
TIFF *__wrap_TIFFFdOpenExt(int fd, const char *name, const char *mode, TIFFOpenOptions *options)
{
    open_now = __real_TIFFFdOpenExt(fd, name, mode, options);
    if (!open_now)
        close(fd);
    return open_now;
}

void __real_TIFFClose(TIFF *tif);
void __wrap_TIFFClose(TIFF *tif)
{
    if (tif != open_now)
        fault("another file is closed than was opened");
    open_now = NULL;
    __real_TIFFClose(tif);
}

static void run(void *context)
{
    ir_tiff *tiff = ir_tiff_open(context, "in");
    ir_image im = {0};
    given = NULL;
    for (int page = 0; page < MOST_PAGES && ir_tiff_next(tiff, "in", &im); page++)
        check_image(&im);
    ir_image_free(&im);
    ir_tiff_close(tiff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    given = fdopen(dup(descriptor_of(data, size)), "rb");
    if (!given)
        fault("fdopen failed");
    if (contain(run, given) && open_now)
        fault("a file is left open");
    if (open_now)
        __wrap_TIFFClose(open_now);
    if (given)
        fclose(given);
    return 0;
}
