/* The clean scores that the relative corruption error compares with. */
#ifndef IR_SCORE_RCE_H
#define IR_SCORE_RCE_H

/* The iou of a file that was written with --tsv; NaN when it was undefined there. Dies, naming file
 * and line, when the file is something else. */
double read_clean_iou(const char *path);

#endif
