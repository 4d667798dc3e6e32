/* Lists of paths, one a line, as people and other systems' editors write them. */
#ifndef IR_LIST_H
#define IR_LIST_H

#include <stddef.h>

typedef struct ir_list ir_list;

/* path "-": standard input. Dies when it cannot be opened. */
ir_list *ir_list_open(const char *path);

/* The next line that is neither empty nor a comment (#), without what ends it: a newline, with or
 * without a carriage return, or the end of the file. Valid until the next call; NULL at the end. A
 * byte-order mark before the first line is left out. Dies at a zero byte, at UTF-16 and at a line
 * that is longer than any path; memory does not grow with the list. */
const char *ir_list_next(ir_list *list);

/* "file:line", of the line that came last: for messages. */
const char *ir_list_where(const ir_list *list);
const char *ir_list_label(const ir_list *list); /* the file alone */

void ir_list_close(ir_list *list);

#endif
