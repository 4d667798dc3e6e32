/* The header of a FITS file: it is refused, or gives options that fitstopnm takes. */
#include <stdio.h>
#include <string.h>

#include "contain.h"
#include "descriptor.h"
#include "stream/fits.h"

static void run(void *context)
{
    const ir_fits_range range = ir_fits_look(*(const int *)context, "in");
    int largest = 0, end = 0;
    if (strcmp(range.low, "-min=0") != 0 || sscanf(range.high, "-max=%5d%n", &largest, &end) != 1 ||
        range.high[end] != '\0' || (largest != 255 && largest != 32767 && largest != 65535))
        fault("a range of '%s' and '%s'", range.low, range.high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = descriptor_of(data, size);
    contain(run, &fd);
    return 0;
}
