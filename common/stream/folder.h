/* Sub-directories of outputs, taken from their inputs' paths. */
#ifndef IR_FOLDER_H
#define IR_FOLDER_H

#include "stream/paths.h"

/* For each path the sub-directory of its output, such as "a/b"; "" for none. It is the path's
 * directory relative to root; if root is NULL, relative to the directory that all paths of its
 * @list share. A path that is an operand itself then has none. Only the text of the paths counts:
 * "." and ".." are resolved, links are not. The result never leads up or begins with a slash. Dies
 * when a path is not below root. */
char **ir_folders(const ir_paths *paths, const char *root);
void ir_folders_free(char **folder, const ir_paths *paths);

#endif
