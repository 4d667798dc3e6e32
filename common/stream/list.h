/* Lists of paths, one per line, as people and editors of other systems write them. */
#ifndef IR_LIST_H
#define IR_LIST_H

#include <stddef.h>

typedef struct ir_list ir_list;

/* path "-": standard input. Dies when it cannot be opened. */
ir_list *ir_list_open(const char *path);

/* The next line that is neither empty nor a comment (#), without its line ending; valid until the
 * next call; NULL at the end of the file. Lines end with or without a carriage return; the last may
 * lack its newline. Skips a byte-order mark at the beginning. Dies on a zero byte, on UTF-16 and on
 * a line longer than any path. Memory does not grow with the list. */
const char *ir_list_next(ir_list *list);

/* "file:line" of the last line, for messages. */
const char *ir_list_where(const ir_list *list);
const char *ir_list_label(const ir_list *list); /* the file alone */

void ir_list_close(ir_list *list);

#endif
