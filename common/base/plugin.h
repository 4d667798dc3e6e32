/* Shared libraries that a program loads only where there is use for them. */
#ifndef IR_PLUGIN_H
#define IR_PLUGIN_H

/* The library FILE: in $IRTOOLS_PLUGINS alone, where that is set; else beside the program (a build
 * tree, a bundle) or where "make install" puts it. NULL where there is none; *why is then a new
 * string that says what is wrong with it, or NULL where it is just not there. Its symbols are its
 * own. */
void *ir_plugin_open(const char *file, char **why);

#endif
