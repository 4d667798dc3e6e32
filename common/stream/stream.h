/* Operands as streams of images.
 *
 * An operand is a file of one or more images, a directory (its images, by name in byte order),
 * "@list" (a file that lists paths, one a line; blank lines and lines that start with # are
 * skipped), or "-" (stdin). No operand at all means "-". A file's format is what its first bytes
 * say: format.h has them all. */
#ifndef IR_STREAM_H
#define IR_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/output.h"
#include "stream/image.h"
#include "stream/picture.h"

typedef struct ir_stream ir_stream;

/* Opens nothing yet but the lists and directories; dies on one that cannot be read or holds no
 * image. "-" may stand once among all operands of a program. */
ir_stream *ir_stream_open(int operands, char *const *operand);

/* The next image, its name set; false at the end. Dies on a bad image, naming it, and when the
 * whole stream held no image. Looks at the byte after an image only when the next one is asked for.
 */
bool ir_stream_next(ir_stream *stream, ir_image *im);

/* maxval > 0: samples are read as if the file's maxval were this (--maxval); a sample above it is
 * an error that names the item. */
void ir_stream_set_maxval(ir_stream *stream, int maxval);

/* Paths known beforehand (files, directories, lists: one image each), or -1 with stdin among them.
 */
long ir_stream_count(const ir_stream *stream);
/* Back to the start; dies with a usage error for a stream that holds stdin or a FIFO. */
void ir_stream_rewind(ir_stream *stream);
/* order: a permutation of the ir_stream_count() paths, used from the next rewind on; copied. */
void ir_stream_set_order(ir_stream *stream, const size_t *order);
void ir_stream_close(ir_stream *stream);

/* Several streams side by side, one operand each: images that belong together.
 *
 * Matched by name when all operands are directories or lists (each must then hold the same names;
 * the first operand's order leads; a name that stands several times is matched by its directory
 * where both lists have the same ones below what they have in common, else k-th with k-th, or
 * always with the same file where the other is a directory); by order otherwise. */
typedef struct ir_matched ir_matched;

ir_matched *ir_matched_open(int streams, char *const *operand);
/* im[0..streams-1]; false when all end together. Dies naming the first item whose name or count
 * disagrees. Sizes are the caller's to check: ir_check_same_size(). */
bool ir_matched_next(ir_matched *matched, ir_image *im);
/* Dies with "NAME: WHAT is 592x400, the image 325x220 (REMEDY)" unless both have the same size.
 * remedy NULL: there is none to name. */
void ir_check_same_size(const ir_image *image, const ir_image *other, const char *what,
                        const char *remedy);
/* One of the streams by itself: to look at what can be read again, and rewind it. */
ir_stream *ir_matched_stream(ir_matched *matched, int stream);
void ir_matched_set_maxval(ir_matched *matched, int stream, int maxval);
long ir_matched_count(const ir_matched *matched);
/* Of the first stream alone, as ir_stream_count(). */
long ir_matched_frames(const ir_matched *matched);
void ir_matched_rewind(ir_matched *matched);
void ir_matched_set_order(ir_matched *matched, const size_t *order);
void ir_matched_close(ir_matched *matched);

/* Where a program's images go: concatenated on stdout, or a file each in a directory,
 * DIR/SUB/NAME.EXTENSION. SUB are the directories that a list's paths do not have in common, or
 * those below root (--root; NULL: not given). Files are whole or not there; nothing is written
 * outside of DIR, links below it are not followed. */
typedef struct ir_sink ir_sink;
/* extension: what kind of files, or of stream. names: the stream whose images will be put, in its
 * order; it must outlive the sink; NULL: none.
 * Dies, before anything is written, when two images would be one file or one of the stream's own
 * files would be overwritten. Makes the directory. NULL: stdout, flushed after every image. */
ir_sink *ir_sink_open(const char *directory, const char *root, const ir_stream *names,
                      const char *extension);
/* Dies when one of another stream's files would be overwritten. */
void ir_sink_spare(const ir_sink *sink, const ir_stream *stream);
void ir_matched_spare(const ir_matched *matched, const ir_sink *sink);
void ir_sink_put(ir_sink *sink, const ir_image *im); /* extension: pgm or png */
void ir_sink_put_rgb(ir_sink *sink, const char *name, const ir_picture *picture); /* ppm or png */
/* With a directory, for what is no image: the next one's file, which the caller closes before the
 * next one is opened. */
ir_output ir_sink_file(ir_sink *sink, const char *name);
/* Puts what was written on the disk. */
void ir_sink_close(ir_sink *sink);

#endif
