/* What matched.c needs of stream.c beyond stream.h. */
#ifndef IR_STREAM_ORDER_H
#define IR_STREAM_ORDER_H

#include "stream/paths.h"
#include "stream/stream.h"

/* Adds an operand to a stream that nothing was read from yet. */
ir_stream *ir_stream_new(void);
enum ir_operand_kind ir_stream_add(ir_stream *stream, const char *operand);

const ir_paths *ir_stream_paths(const ir_stream *stream);

/* index: n indices of paths, in any order, with repetitions; copied; used from the next start on.
 * single: a file with several images is then an error. */
void ir_stream_set_sequence(ir_stream *stream, const size_t *index, size_t n, bool single);

/* To the start of the sequence that was set last; ir_stream_rewind() without its check. */
void ir_stream_start(ir_stream *stream);

#endif
