/* Operands as streams of images.
 *
 * An operand is a file of one or more images, a directory (its images, by name in byte order),
 * "@list" (a file that lists paths, one per line; blank lines and lines that start with # are
 * skipped), or "-" (stdin). No operand at all means "-". format.h lists the file formats. */
#ifndef IR_STREAM_H
#define IR_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/output.h"
#include "stream/image.h"
#include "stream/picture.h"

typedef struct ir_stream ir_stream;

/* Reads lists and directories, and opens no image yet. Dies on a list or directory that cannot be
 * read or holds no image. Only one operand of a program may be "-". */
ir_stream *ir_stream_open(int operands, char *const *operand);

/* Reads the next image and sets its name; false at the end. Dies, naming it, on a bad image, and
 * when the whole stream held none. Reads the byte after an image only when the next one is asked
 * for. */
bool ir_stream_next(ir_stream *stream, ir_image *im);

/* maxval > 0: takes it for the files' maxval (--maxval). A sample above it is an error that names
 * the item. */
void ir_stream_set_maxval(ir_stream *stream, int maxval);

/* The number of paths (files, directories, lists: one image each); -1 if stdin is among them. */
long ir_stream_count(const ir_stream *stream);
/* Back to the start; dies with a usage error for a stream that holds stdin or a FIFO. */
void ir_stream_rewind(ir_stream *stream);
/* order: a permutation of the ir_stream_count() paths, used from the next rewind on; copied. */
void ir_stream_set_order(ir_stream *stream, const size_t *order);
void ir_stream_close(ir_stream *stream);

/* Several streams side by side, one operand each, of images that belong together.
 *
 * When all operands are directories or lists, images are matched by name, in the order of the first
 * operand; each operand must hold the same names. Otherwise they are matched by order. Paths of the
 * same name are matched by their directories, if both lists have the same ones relative to their
 * common directory, and otherwise by order, the k-th with the k-th. If the other operand is a
 * directory, they are all matched with its one file of that name. */
typedef struct ir_matched ir_matched;

ir_matched *ir_matched_open(int streams, char *const *operand);
/* Reads im[0..streams-1]; false when all streams end together. Dies, naming the item, where names
 * or counts disagree. The caller checks sizes by ir_check_same_size(). */
bool ir_matched_next(ir_matched *matched, ir_image *im);
/* Dies with "NAME: WHAT is 592x400, the image 325x220 (REMEDY)" unless both have the same size.
 * remedy NULL: there is none to name. */
void ir_check_same_size(const ir_image *image, const ir_image *other, const char *what,
                        const char *remedy);
/* One of the streams: to look through it and rewind it, if it can be read again. */
ir_stream *ir_matched_stream(ir_matched *matched, int stream);
void ir_matched_set_maxval(ir_matched *matched, int stream, int maxval);
long ir_matched_count(const ir_matched *matched);
/* Of the first stream alone, as ir_stream_count(). */
long ir_matched_frames(const ir_matched *matched);
void ir_matched_rewind(ir_matched *matched);
void ir_matched_set_order(ir_matched *matched, const size_t *order);
void ir_matched_close(ir_matched *matched);

/* Where a program's images go: to stdout, one after the other, or to files DIR/SUB/NAME.EXTENSION.
 * SUB is the part of the path's directory that a list's paths do not share, or the part below root
 * (--root; NULL: not given). A file is complete or absent. Nothing is written outside of DIR; links
 * below it are not followed. */
typedef struct ir_sink ir_sink;
/* directory: made if it is missing; NULL: stdout, flushed after every image. extension: the kind of
 * files, or of images on stdout. names: the stream whose images will be put, in its order, which
 * must outlive the sink; or NULL. Dies, before anything is written, when two images would become
 * one file or a file of the stream would be overwritten. */
ir_sink *ir_sink_open(const char *directory, const char *root, const ir_stream *names,
                      const char *extension);
/* Dies when one of another stream's files would be overwritten. */
void ir_sink_spare(const ir_sink *sink, const ir_stream *stream);
void ir_matched_spare(const ir_matched *matched, const ir_sink *sink);
void ir_sink_put(ir_sink *sink, const ir_image *im); /* extension: pgm or png */
void ir_sink_put_rgb(ir_sink *sink, const char *name, const ir_picture *picture); /* ppm or png */
/* With a directory, for outputs that are not images: opens the next file. The caller closes it
 * before opening another. */
ir_output ir_sink_file(ir_sink *sink, const char *name);
/* Syncs the files to disk and frees the sink. */
void ir_sink_close(ir_sink *sink);

#endif
