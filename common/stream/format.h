/* File formats, told by their first bytes: the one table of the formats that are read, what reads
 * them, and formats that users may wrongly expect to be read. */
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
    const char *remedy;  /* if it is not read: "gunzip unpacks it" */
} ir_format_info;

/* The Debian package of the converters. */
#define IR_CONVERTERS "netpbm"

/* So many bytes identify any format. */
enum { IR_FORMAT_BYTES = 12 };

/* The format that begins with these bytes; NULL: none that is known. */
const ir_format_info *ir_format_of(const unsigned char *byte, size_t count);
const ir_format_info *ir_format_netpbm(void);
/* Whether some format's signature begins with these bytes and goes on. */
bool ir_format_may_follow(const unsigned char *byte, size_t count);
/* What a user can do with a file of a format that is not read; a new string. */
char *ir_format_remedy(const ir_format_info *format);

/* The format of a regular file; NULL also when it cannot be read. */
const ir_format_info *ir_format_of_file(const char *path);

/* Whether the file's extension, in upper or lower case, is that of a format that is read. */
bool ir_format_named_image(const char *path);
bool ir_format_named_netpbm(const char *path);

/* The table: a line for each format that is read, its name, extensions and program. */
void ir_format_list(FILE *file);

#endif
