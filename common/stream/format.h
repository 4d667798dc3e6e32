/* File formats by their first bytes: what is Netpbm, what PNG, and what others are called that
 * somebody may take for images that irtools reads. */
#ifndef IR_FORMAT_H
#define IR_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

/* What the bytes that a file begins with say of it. */
typedef struct {
    const char *name;   /* "JPEG" */
    const char *remedy; /* "jpegtopnm converts it" */
} ir_format_info;

/* How many bytes are enough to know any format. */
enum { IR_FORMAT_BYTES = 12 };

/* The format that begins with these bytes; NULL: none that is known, or Netpbm. */
const ir_format_info *ir_format_of(const unsigned char *byte, size_t count);
/* Whether a byte more could tell one: some format's signature begins with these. */
bool ir_format_may_follow(const unsigned char *byte, size_t count);

/* The same for a regular file, which is opened and closed; NULL also when it cannot be read. */
const ir_format_info *ir_format_of_file(const char *path);

bool ir_format_is_png(const unsigned char *byte, size_t count);

/* By the extension, in upper or lower case. */
bool ir_format_named_netpbm(const char *path);
bool ir_format_named_png(const char *path);

#endif
