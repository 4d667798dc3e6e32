/* Files of a directory that somebody else made: nothing but plain files is read, so that opening
 * one neither waits (a FIFO) nor does anything else (a device), and none from outside, where a link
 * or
 * ".." may lead: what is read is shown in a page that is handed on. */
#ifndef IR_SCORE_RECEIVED_H
#define IR_SCORE_RECEIVED_H

#include <stdio.h>

/* A plain file, or a link to one. NULL when there is none; dies when there is something else. */
FILE *received_open(const char *path);
/* DIRECTORY/NAME, which must lie within directory when all links are followed. */
FILE *received_open_within(const char *directory, const char *name);

#endif
