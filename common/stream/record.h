/* Records: lines of tab-separated fields, # starts a comment line.
 *
 *   strategy   name corruption severity logp
 *   reward     name loss
 *   target     name x y left top width height area score
 *
 * Readers check the number of fields, names, ranges and finiteness, and die with
 * "file:line: what is wrong". Real numbers are written with %.9g, which keeps a float
 * exactly. */
#ifndef IR_RECORD_H
#define IR_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "stream/strategy.h"

typedef struct ir_records ir_records; /* a file being read line by line */

ir_records *ir_records_open(const char *path); /* "-": stdin; a FIFO is fine: one line at a time */
void ir_records_close(ir_records *records);
/* "file:line" of the last record, for messages of the caller. */
const char *ir_records_where(const ir_records *records);

typedef struct {
    char name[256];
    int corruption; /* index into ir_corruptions */
    int severity;   /* 1..5 */
    double logp;    /* natural log of the probability with which it was chosen; <= 0 */
} ir_strategy;

typedef struct {
    char name[256];
    double loss; /* soft-IoU loss of the corrupted image */
} ir_reward;

typedef struct {
    double x, y;                  /* centroid in pixels from the top-left pixel's centre */
    int left, top, width, height; /* bounding box */
    long area;                    /* pixels */
    double score;                 /* the largest probability in it */
} ir_target;

/* False at the end of the file. */
bool ir_strategy_read(ir_records *records, ir_strategy *strategy);
bool ir_reward_read(ir_records *records, ir_reward *reward);
/* As above, and dies when the file ends or the record's name is not the one expected. */
void ir_strategy_expect(ir_records *records, const char *name, ir_strategy *strategy);
void ir_reward_expect(ir_records *records, const char *name, ir_reward *reward);

/* Do not flush. Write errors show at ir_flush(). */
void ir_strategy_write(FILE *file, const ir_strategy *strategy);
void ir_reward_write(FILE *file, const ir_reward *reward);
void ir_target_write(FILE *file, const char *name, const ir_target *target);

#endif
