/* Pictures of hits, misses and false alarms, pixel by pixel. */
#include "overlay.h"

#include <stdlib.h>

#include "base/base.h"

struct overlay {
    ir_sink *sink;
    ir_picture picture;
};

overlay *overlay_new(const char *directory, const char *root, bool png, ir_matched *input,
                     int names)
{
    overlay *o = ir_calloc(1, sizeof *o);
    o->sink = ir_sink_open(directory, root, ir_matched_stream(input, names), png ? "png" : "ppm");
    ir_matched_spare(input, o->sink);
    return o;
}

void overlay_free(overlay *o)
{
    if (!o)
        return;
    ir_sink_close(o->sink);
    ir_picture_free(&o->picture);
    free(o);
}

void overlay_write(overlay *o, const ir_image *predicted, int level, const ir_image *truth,
                   const ir_image *frame)
{
    static const ir_colour hit = {0, 255, 0}, miss = {0, 0, 255}, false_alarm = {255, 0, 0};
    ir_picture_from(&o->picture, frame, 0, frame->maxval);
    for (int y = 0; y < frame->height; y++) {
        for (int x = 0; x < frame->width; x++) {
            const size_t i = (size_t)y * (size_t)frame->width + (size_t)x;
            const bool found = predicted->pixel[i] >= level, true_here = ir_image_true(truth, i);

            if (found || true_here)
                ir_picture_set(&o->picture, x, y, !found ? miss : true_here ? hit : false_alarm);
        }
    }
    ir_sink_put_rgb(o->sink, predicted->name, &o->picture);
}
