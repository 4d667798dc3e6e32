/* PPM pictures of hits, misses and false alarms, pixel by pixel. */
#include "overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/output.h"
#include "base/philox.h"

struct overlay {
    char *directory;
    ir_tally *names; /* written so far */
    unsigned char *row;
    int room;
};

overlay *overlay_new(const char *directory)
{
    overlay *o = ir_calloc(1, sizeof *o);

    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        ir_die_errno("%s", directory);
    o->directory = ir_strdup(directory);
    o->names = ir_tally_new();
    return o;
}

void overlay_free(overlay *o)
{
    if (o == NULL)
        return;
    ir_tally_free(o->names);
    free(o->directory);
    free(o->row);
    free(o);
}

static void paint(unsigned char rgb[3], int grey, bool predicted, bool truth)
{
    if (!predicted && !truth) {
        memset(rgb, grey, 3);
        return;
    }
    rgb[0] = predicted && !truth ? 255 : 0;
    rgb[1] = predicted && truth ? 255 : 0;
    rgb[2] = !predicted && truth ? 255 : 0;
}

void overlay_write(overlay *o, const ir_image *predicted, int level, const ir_image *truth,
                   const ir_image *frame)
{
    char *path = ir_format("%s/%s.ppm", o->directory, predicted->name);
    ir_output out;
    size_t i = 0;

    if (ir_tally_count(o->names, predicted->name) > 0)
        ir_die("%s: a second image of that name for %s", predicted->name, path);
    out = ir_output_open(path);
    if (o->room < frame->width) {
        o->row = ir_realloc(o->row, (size_t)frame->width, 3);
        o->room = frame->width;
    }
    fprintf(out.file, "P6\n%d %d\n255\n", frame->width, frame->height);
    for (int y = 0; y < frame->height; y++) {
        for (int x = 0; x < frame->width; x++, i++) {
            int grey = (int)(255.0 * frame->pixel[i] / frame->maxval + 0.5);

            paint(o->row + 3 * (size_t)x, grey, predicted->pixel[i] >= level,
                  ir_image_true(truth, i));
        }
        fwrite(o->row, 3, (size_t)frame->width, out.file);
    }
    ir_output_close(&out);
    free(path);
}
