/* A file of Netpbm images and PNG. What was read is written and read once more: the pixels are the
 * same. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "contain.h"
#include "files.h"
#include "pixels.h"
#include "stream/image.h"

enum { MOST_WRITTEN = 1 << 16 };

static void write_and_read(const ir_image *im)
{
    static char written[MOST_WRITTEN];
    FILE *file = fmemopen(written, sizeof written, "w+");
    ir_image again = {0};
    if (!file)
        fault("fmemopen failed");
    ir_image_write(file, "written", im);
    rewind(file);
    if (!ir_image_read(file, "written", &again) || again.width != im->width ||
        again.height != im->height || again.maxval != im->maxval ||
        memcmp(again.pixel, im->pixel, 2 * (size_t)im->width * (size_t)im->height) != 0)
        fault("another image was read than was written");
    fclose(file);
    ir_image_free(&again);
}

static void run(void *context)
{
    FILE *file = ir_open_in("in");
    ir_image im = {0};
    (void)context;
    while (ir_image_read(file, "in", &im)) {
        check_image(&im);
        if ((size_t)im.width * (size_t)im.height < MOST_WRITTEN / 4 && im.pixel[0] % 4 == 0)
            write_and_read(&im);
    }
    ir_image_free(&im);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    files_clear();
    files_add("in", data, size);
    if (!contain(run, NULL) && strncmp(contained_message(), "written", 7) == 0)
        fault("what was written is refused: %s", contained_message());
    return 0;
}
