/* The sub-directories that outputs keep of their inputs' paths. */
#ifndef IR_FOLDER_H
#define IR_FOLDER_H

#include "stream/paths.h"

/* For each path the sub-directory of its output, "" for none, else "a" or "a/b": below root, or,
 * where root is NULL, below the directory that all paths of its list have in common; a file or a
 * directory that is an operand itself has none. Goes by the paths' letters alone, "." and ".."
 * resolved, links not: what comes out never leads up or begins with a slash. Dies when a path does
 * not lie below root. */
char **ir_folders(const ir_paths *paths, const char *root);
void ir_folders_free(char **folder, const ir_paths *paths);

#endif
