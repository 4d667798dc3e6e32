/* From a map to what is written: a mask, a soft map, a feature or a list of targets. */
#ifndef IR_DETECT_DETECTION_H
#define IR_DETECT_DETECTION_H

#include "detect.h"
#include "stream/components.h"
#include "stream/record.h"

/* What was detected in one image; memory is used again. Zero it first. */
typedef struct {
    ir_image image; /* its name is the item's; the mask, soft map or feature */
    ir_target *target;
    int targets, capacity;
    ir_components *components;
} detection;

/* output, depth: as in options. With OUTPUT_TARGETS, image holds the mask. Targets are made for
 * that and for pictures of them. */
void detection_make(detection *d, const options *o, const map *m, const char *name);
void detection_free(detection *d);

/* Where detections go. */
typedef struct writer writer;

writer *writer_open(const options *o, const ir_stream *stream);
/* frame: what it was found in; used where pictures are drawn, else NULL will do. */
void writer_put(writer *w, const detection *d, const ir_image *frame);
void writer_close(writer *w);

#endif
