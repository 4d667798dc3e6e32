/* The files that a stream's images will become in a directory, checked before any is written. */
#ifndef IR_OUTPUT_PLAN_H
#define IR_OUTPUT_PLAN_H

#include "stream/stream.h"

typedef struct ir_plan ir_plan;

/* The outputs of `names` in directory, each SUB-DIRECTORY/NAME.EXTENSION; root: NULL or --root.
 * Dies when two would be one file. */
ir_plan *ir_plan_new(const ir_stream *names, const char *directory, const char *root,
                     const char *extension);
void ir_plan_free(ir_plan *plan);

/* Dies when one of the stream's files is among the outputs. */
void ir_plan_spare(const ir_plan *plan, const ir_stream *stream);

/* The sub-directory of the next image, which has this name; "" for none. Images come in the
 * stream's order, but a file may hold several, and names may repeat. */
const char *ir_plan_folder(ir_plan *plan, const char *name);

#endif
