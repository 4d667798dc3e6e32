/* File formats by their first bytes: the one table of what is read, by what, and what others are
 * called that somebody may take for images that irtools reads. */
#ifndef IR_FORMAT_H
#define IR_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How files of a format become images. */
typedef enum {
    IR_NOT_READ,
    IR_STREAMED,   /* Netpbm and PNG: here, one image after the other, from pipes as well */
    IR_TIFF_PAGES, /* by tiff.c, from files */
    IR_CONVERTED   /* by a program of Netpbm, from files */
} ir_format_reader;

typedef struct {
    const char *name;       /* "JPEG" */
    const char *extensions; /* " jpg jpeg ": what such files are called */
    ir_format_reader reader;
    const char *program; /* "jpegtopnm": reads a file on standard input, writes Netpbm; or NULL */
    const char *options; /* its one option, or NULL */
    const char *remedy;  /* of what is not read: "gunzip unpacks it" */
} ir_format_info;

/* Where the converters are from: Debian's package of all of them. */
#define IR_CONVERTERS "netpbm"

/* How many bytes are enough to know any format. */
enum { IR_FORMAT_BYTES = 12 };

/* The format that begins with these bytes; NULL: none that is known. */
const ir_format_info *ir_format_of(const unsigned char *byte, size_t count);
const ir_format_info *ir_format_netpbm(void);
/* Whether a byte more could tell one: some format's signature begins with these. */
bool ir_format_may_follow(const unsigned char *byte, size_t count);
/* What to do with such a file where it is not read; a new string. */
char *ir_format_remedy(const ir_format_info *format);

/* The same for a regular file, which is opened and closed; NULL also when it cannot be read. */
const ir_format_info *ir_format_of_file(const char *path);

/* Whether the file's extension, in upper or lower case, is that of a format that is read. */
bool ir_format_named_image(const char *path);
bool ir_format_named_netpbm(const char *path);

/* The table: a line for each format that is read, its name, extensions and program. */
void ir_format_list(FILE *file);

#endif
