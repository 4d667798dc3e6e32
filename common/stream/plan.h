/* Which files a stream's images become in a directory: known, and checked, before any is written.
 */
#ifndef IR_PLAN_H
#define IR_PLAN_H

#include "stream/stream.h"

typedef struct ir_plan ir_plan;

/* The outputs of `names` in directory, each SUB-DIRECTORY/NAME.EXTENSION; root: NULL or --root.
 * Dies when two would be one file. */
ir_plan *ir_plan_new(const ir_stream *names, const char *directory, const char *root,
                     const char *extension);
void ir_plan_free(ir_plan *plan);

/* Dies when one of the stream's files is among the outputs. */
void ir_plan_spare(const ir_plan *plan, const ir_stream *stream);

/* The sub-directory of the next image, whose name this is; "" for none. Images come in the stream's
 * order, but a file may turn out to hold several, and a name may come again. */
const char *ir_plan_folder(ir_plan *plan, const char *name);

#endif
