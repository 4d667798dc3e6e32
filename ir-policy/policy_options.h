/* What the command line of ir-policy says. */
#ifndef POLICY_OPTIONS_H
#define POLICY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/backend.h"
#include "choose.h"
#include "stream/strategy.h"

typedef struct {
    const char *checkpoint, *write;   /* -c, -w; write NULL: standard output */
    const char *strategies, *rewards; /* -S, -R */
    enum choice_set set;              /* --strategy */
    choice_held held;                 /* --hold */
    bool baseline;                    /* subtract the batch's mean reward */
    double lr, entropy;
    ir_severities severities; /* init */
    uint64_t seed;
    int batch, maxval; /* maxval 0: the files' */
    int lag;           /* play: batches ahead of the rewards, 0 or 1 */
    ir_backend_options backend;
    bool verbose;
    int operands;
    char **operand;
} options;

typedef void command(const options *o);

/* The five commands, one file each or two. All die on bad input. */
command init_command, stats_command;  /* init.c, stats.c */
command sample_command, play_command; /* play.c */
command update_command;               /* update.c */

#endif
