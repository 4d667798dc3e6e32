/* PPM pictures of hits, misses and false alarms, pixel by pixel. */
#include "overlay.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct overlay {
    ir_sink *sink;
    unsigned char *row;
    int room; /* pixels */
};

overlay *overlay_new(const char *directory, const char *root, ir_matched *input, int names)
{
    overlay *o = ir_calloc(1, sizeof *o);

    o->sink = ir_sink_open(directory, root, ir_matched_stream(input, names), "ppm");
    ir_matched_spare(input, o->sink);
    return o;
}

void overlay_free(overlay *o)
{
    if (o == NULL)
        return;
    ir_sink_close(o->sink);
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
    ir_output out = ir_sink_file(o->sink, predicted->name, "ppm");
    size_t i = 0;

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
}
